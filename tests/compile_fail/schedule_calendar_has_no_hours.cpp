// SPDX-License-Identifier: MIT
// expect: cano: a calendar interval is a number of days, weeks, months or years
#include <chrono>

#include <cano/schedule/schedule.hpp>

const std::chrono::local_days anchor{std::chrono::year{2025} / 1 / 6};

#ifdef CANO_MISTAKE
const auto often = cano::Schedule::every(std::chrono::hours{12}, anchor);
#else
const auto weekly = cano::Schedule::every(std::chrono::weeks{1}, anchor);
const auto twice_a_day = cano::Schedule::every(std::chrono::hours{12}, cano::system_time{});
#endif
