// SPDX-License-Identifier: MIT
#pragma once

// Kept for programs that include it from here.
#include <cano/cron/dst_fold.hpp>  // IWYU pragma: export
