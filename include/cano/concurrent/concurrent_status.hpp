// SPDX-License-Identifier: MIT
#pragma once

// Kept for programs that include it from here.
#include <cano/concurrent_status.hpp>  // IWYU pragma: export
