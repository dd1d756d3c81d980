// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <cano/cron/cron_expression.hpp>
#include <cano/cron/dst_fold.hpp>
#include <cano/cron/dst_gap.hpp>
#include <cano/duration.hpp>
#include <cano/time/time_zone.hpp>

#include "support/time_text.hpp"

namespace cano_test {

/// Every occurrence from `from` up to but without `to`, in UTC. Checks the way back and the count
/// as well.
inline std::vector<std::string> runs(std::string_view expression, const cano::TimeZone& zone,
                                     cano::DstGap gap, cano::DstFold fold, cano::system_time from,
                                     cano::system_time to) {
  const auto cron = cano::CronExpression::parse(expression);
  std::vector<std::string> result, back;
  for (auto time = cron.next_after(from - std::chrono::nanoseconds{1}, zone, gap, fold);
       time && *time < to; time = cron.next_after(*time, zone, gap, fold)) {
    result.push_back(text(*time));
  }
  for (auto time = cron.prev_before(to, zone, gap, fold); time && *time >= from;
       time = cron.prev_before(*time, zone, gap, fold)) {
    back.push_back(text(*time));
  }
  std::ranges::reverse(back);
  if (back != result) result.emplace_back("the way back differs");
  const auto before = [](cano::system_time time) { return time - std::chrono::nanoseconds{1}; };
  if (cron.count_between(before(from), before(to), zone, gap, fold) != result.size())
    result.emplace_back("the count differs");
  return result;
}

}  // namespace cano_test
