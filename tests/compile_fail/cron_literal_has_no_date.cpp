// SPDX-License-Identifier: MIT
// expect-gcc: not a valid cron expression: CronLiteral<field, column, fault> tells where and why
// expect-clang: CronField::DayOfMonth, 5, cano::detail::CronFault::NoSuchDate>
#include <cano/cron/cron_expression.hpp>

using namespace cano::literals;

#ifdef CANO_MISTAKE
constexpr auto never = "0 0 30 2 *"_cron;
#else
constexpr auto leap_days = "0 0 29 2 *"_cron;
#endif
