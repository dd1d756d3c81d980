// SPDX-License-Identifier: MIT
#pragma once

// Kept for programs that include it from here.
#include <cano/run_options.hpp>  // IWYU pragma: export
