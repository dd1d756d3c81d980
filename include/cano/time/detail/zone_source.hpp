// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string_view>

#include <cano/time/zone_rules.hpp>

namespace cano::detail {

// std::chrono and Howard Hinnant's date library have the same interface, so this serves both.
template <class Zone> class ChronoZone final : public ZoneRules {
 public:
  explicit ChronoZone(const Zone* zone) noexcept : zone_{zone} {}

  std::string_view name() const noexcept override { return zone_->name(); }

  ZoneSpan span_at(std::chrono::sys_seconds time) const override {
    const auto info = zone_->get_info(time);
    return {info.begin, info.end, info.offset};
  }

 private:
  const Zone* zone_;  // part of the database, which lives as long as the program
};

template <class Zone> std::shared_ptr<const ZoneRules> make_chrono_zone(const Zone* zone) {
  return std::make_shared<const ChronoZone<Zone>>(zone);
}

// A time-zone database. Both functions throw when there is no such zone.
struct ZoneSource {
  std::shared_ptr<const ZoneRules> (*find)(std::string_view name);
  std::shared_ptr<const ZoneRules> (*system)();
};

#if defined(__cpp_lib_chrono) && __cpp_lib_chrono >= 201907L
inline constexpr ZoneSource std_zone_source{
    [](std::string_view name) { return make_chrono_zone(std::chrono::locate_zone(name)); },
    [] { return make_chrono_zone(std::chrono::current_zone()); }};
inline constexpr const ZoneSource* first_zone_source = &std_zone_source;
#else
inline constexpr const ZoneSource* first_zone_source = nullptr;
#endif

// Set at run time, not by a macro: it may then differ between source files of one program, and one
// file that includes the adapter is enough for all of them, also for libraries that hide their
// symbols.
[[gnu::visibility("default")]] inline constinit std::atomic<const ZoneSource*> zone_source{
    first_zone_source};

}  // namespace cano::detail
