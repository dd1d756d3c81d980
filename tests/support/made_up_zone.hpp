// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/time/time_zone.hpp>
#include <cano/time/zone_rules.hpp>

#include "support/time_text.hpp"

namespace cano_test {

/// A zone whose changes of the clock are written out, so that no test depends on a database.
class MadeUpZone final : public cano::ZoneRules {
 public:
  struct Change {
    std::chrono::sys_seconds time;
    std::chrono::seconds offset;  // from then on
  };

  MadeUpZone(std::string name, std::chrono::seconds first, std::vector<Change> changes)
      : name_{std::move(name)}, first_{first}, changes_{std::move(changes)} {}

  std::string_view name() const noexcept override { return name_; }

  cano::ZoneSpan span_at(std::chrono::sys_seconds time) const override {
    cano::ZoneSpan span{std::chrono::sys_seconds::min(), std::chrono::sys_seconds::max(), first_};
    for (const Change& change : changes_) {
      if (time < change.time) {
        span.end = change.time;
        break;
      }
      span.begin = change.time;
      span.offset = change.offset;
    }
    return span;
  }

 private:
  std::string name_;
  std::chrono::seconds first_;
  std::vector<Change> changes_;
};

/// As in Berlin in 2025: no 02:00 to 03:00 on 30 March, twice 02:00 to 03:00 on 26 October.
inline cano::TimeZone berlin_2025() {
  using std::chrono::hours;
  return cano::TimeZone{std::make_shared<MadeUpZone>(
      "Berlin in 2025", hours{1},
      std::vector<MadeUpZone::Change>{{utc("2025-03-30 01:00"), hours{2}},
                                      {utc("2025-10-26 01:00"), hours{1}}})};
}

}  // namespace cano_test
