// SPDX-License-Identifier: MIT
#include <cano.hpp>

#include "integration/umbrella.hpp"

const std::error_category* umbrella::other_error_category() { return &cano::error_category(); }
