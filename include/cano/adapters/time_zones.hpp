// SPDX-License-Identifier: MIT
#pragma once

/// Gives the program a time-zone database, for `TimeZone::iana` and `TimeZone::system`.
///
/// Include it in one source file, such as the one with `main`; all others need only
/// `<cano/time/time_zone.hpp>`. Where `std::chrono` has time zones (g++ 14) it does nothing, since
/// they are there already. Elsewhere it takes them from Howard Hinnant's date library (Debian:
/// libhowardhinnant-date-dev), which the program then links; `cano::time_zones` is what it needs
/// with either:
///
///     find_package(cano CONFIG REQUIRED COMPONENTS time_zones)
///     target_link_libraries(app PRIVATE cano::time_zones)
///
/// As part of a build, `CANO_COMPONENTS` names the component. Without CMake: `-DUSE_OS_TZDB=1
/// -ldate-tz`, where the first must be as the library was built (Debian's is so). A zone that is
/// looked up before `main` starts may come too early, unless that happens in the file which
/// includes this header.

#include <cano/time/time_zone.hpp>  // IWYU pragma: export

#if !defined(__cpp_lib_chrono) || __cpp_lib_chrono < 201907L

#if !__has_include(<date/tz.h>)
#error \
    "cano/adapters/time_zones.hpp needs time zones in std::chrono (g++ 14) or <date/tz.h>: link \
cano::time_zones, or date::date-tz of the date library (Debian: libhowardhinnant-date-dev)"
#endif

#include <string>
#include <string_view>

#include <date/tz.h>

#include <cano/time/detail/zone_source.hpp>

namespace cano::detail {

inline constexpr ZoneSource date_zone_source{
    [](std::string_view name) { return make_chrono_zone(date::locate_zone(std::string{name})); },
    [] { return make_chrono_zone(date::current_zone()); }};

inline const bool date_zones_installed = [] {
  zone_source.store(&date_zone_source);
  return true;
}();

}  // namespace cano::detail

#endif
