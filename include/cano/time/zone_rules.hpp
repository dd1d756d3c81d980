// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string_view>

namespace cano {

/// A stretch of time in which the clocks of a zone keep one distance from UTC.
struct ZoneSpan {
  std::chrono::sys_seconds begin;  ///< Its first second.
  std::chrono::sys_seconds end;    ///< The first second after it.
  std::chrono::seconds offset;     ///< Local time minus UTC.

  friend bool operator==(const ZoneSpan&, const ZoneSpan&) = default;
};

/// Where a `TimeZone` takes its data from.
///
/// Derive from it to use data of your own: another library's, a server's, or a zone made up for a
/// test.
///
/// **Threads.** Distinct objects: safe. Shared objects: every function is called from any thread at
/// any time.
class ZoneRules {
 public:
  ZoneRules() = default;
  ZoneRules(const ZoneRules&) = delete;
  ZoneRules& operator=(const ZoneRules&) = delete;
  virtual ~ZoneRules() = default;

  /// What distinguishes this zone from others: two zones of one name are taken to be the same.
  virtual std::string_view name() const noexcept = 0;

  /// The span that holds `time`. Its offset is less than a day; two spans that meet may have the
  /// same one.
  virtual ZoneSpan span_at(std::chrono::sys_seconds time) const = 0;
};

}  // namespace cano
