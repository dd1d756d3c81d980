// SPDX-License-Identifier: MIT
#pragma once

// Kept for programs that include it from here.
#include <cano/async/yield_now.hpp>  // IWYU pragma: export
