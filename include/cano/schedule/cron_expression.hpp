// SPDX-License-Identifier: MIT
#pragma once

// Kept for programs that include it from here.
#include <cano/cron/cron_expression.hpp>  // IWYU pragma: export
