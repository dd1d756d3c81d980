// SPDX-License-Identifier: MIT
// expect-gcc: not a valid cron expression: CronLiteral<field, column, fault> tells where and why
// expect-clang: CronLiteral<cano::detail::CronField::Hour, 3, cano::detail::CronFault::OutOfRange>
#include <cano/cron/cron_expression.hpp>

using namespace cano::literals;

#ifdef CANO_MISTAKE
constexpr auto opening = "0 25 * * *"_cron;
#else
constexpr auto opening = "0 9 * * *"_cron;
#endif
