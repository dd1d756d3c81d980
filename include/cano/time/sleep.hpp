// SPDX-License-Identifier: MIT
#pragma once

// Kept for programs that include it from here.
#include <cano/async/sleep.hpp>  // IWYU pragma: export
