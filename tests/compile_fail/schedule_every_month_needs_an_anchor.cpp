// SPDX-License-Identifier: MIT
// expect: cano: months have no fixed length: give a local time as the anchor
#include <chrono>

#include <cano/schedule/schedule.hpp>

using std::chrono::months;

#ifdef CANO_MISTAKE
const auto monthly = cano::Schedule::every(months{1});
#else
const auto monthly =
    cano::Schedule::every(months{1}, std::chrono::local_days{std::chrono::year{2025} / 1 / 31});
#endif
