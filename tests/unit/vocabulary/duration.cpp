// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>
#include <type_traits>

#include <cano/duration.hpp>

#include "support/catch.hpp"

using cano::Duration;
using cano::steady_time;
using cano::system_time;
using cano::detail::saturate_cast;
using cano::detail::saturating_add;
using cano::detail::saturating_between;
using cano::detail::to_duration;
using std::chrono::duration;
using namespace std::chrono_literals;

namespace {

constexpr auto largest = std::numeric_limits<std::int64_t>::max();
constexpr auto smallest = std::numeric_limits<std::int64_t>::min();
using Years = std::chrono::years;
using Microseconds = duration<std::int64_t, std::micro>;
using Minutes = duration<std::int32_t, std::ratio<60>>;
using WallClockTime = std::chrono::time_point<std::chrono::system_clock, Microseconds>;

}  // namespace

TEST_CASE("durations that fit are converted exactly, fractions towards zero") {
  STATIC_REQUIRE(to_duration(0s) == Duration::zero());
  STATIC_REQUIRE(to_duration(5s) == Duration{5s});
  STATIC_REQUIRE(to_duration(-5min) == Duration{-5min});
  STATIC_REQUIRE(to_duration(Years{292}) == Duration{Years{292}});
  STATIC_REQUIRE(to_duration(duration<int, std::ratio<1, 3>>{4}) == 1'333'333'333ns);
  STATIC_REQUIRE(to_duration(duration<int, std::ratio<1, 3>>{-4}) == -1'333'333'333ns);
  STATIC_REQUIRE(to_duration(duration<std::int64_t, std::pico>{1'999}) == 1ns);
  STATIC_REQUIRE(to_duration(duration<std::int64_t, std::pico>{-1'999}) == -1ns);
  STATIC_REQUIRE(to_duration(Duration::max()) == Duration::max());
  STATIC_REQUIRE(to_duration(Duration::min()) == Duration::min());
}

TEST_CASE("durations that do not fit become the nearest one that does") {
  STATIC_REQUIRE(to_duration(Years{1'000'000}) == Duration::max());
  STATIC_REQUIRE(to_duration(Years{-1'000'000}) == Duration::min());
  STATIC_REQUIRE(to_duration(Years{293}) == Duration::max());
  STATIC_REQUIRE(to_duration(duration<std::int64_t, std::ratio<3600>>{largest}) == Duration::max());
  STATIC_REQUIRE(to_duration(duration<std::int64_t, std::ratio<3600>>{smallest}) ==
                 Duration::min());
  STATIC_REQUIRE(to_duration(duration<std::int64_t, std::ratio<1, 3>>{largest}) == Duration::max());
  STATIC_REQUIRE(to_duration(duration<std::uint64_t>{~std::uint64_t{0}}) == Duration::max());
  STATIC_REQUIRE(to_duration(duration<std::uint64_t, std::nano>{~std::uint64_t{0}}) ==
                 Duration::max());
}

TEST_CASE("the last duration that fits and the first that does not") {
  using Thirds = duration<std::int64_t, std::ratio<1, 3>>;
  // 2^63 ns = 27'670'116'110.56... thirds of a second.
  STATIC_REQUIRE(to_duration(Thirds{27'670'116'110}) == 9'223'372'036'666'666'666ns);
  STATIC_REQUIRE(to_duration(Thirds{27'670'116'111}) == Duration::max());
  STATIC_REQUIRE(to_duration(Thirds{-27'670'116'110}) == -9'223'372'036'666'666'666ns);
  STATIC_REQUIRE(to_duration(Thirds{-27'670'116'111}) == Duration::min());
  STATIC_REQUIRE(to_duration(9'223'372'036s) == Duration{9'223'372'036s});
  STATIC_REQUIRE(to_duration(9'223'372'037s) == Duration::max());
}

TEST_CASE("an unsigned count above the signed range may still fit") {
  using Attoseconds = duration<std::uint64_t, std::atto>;
  STATIC_REQUIRE(to_duration(Attoseconds{18'446'744'073'709'551'615u}) == 18'446'744'073ns);
}

TEST_CASE("floating-point durations: fractions, ends of the range, infinity and NaN") {
  using Seconds = duration<double>;
  constexpr auto infinity = std::numeric_limits<double>::infinity();
  CHECK(to_duration(Seconds{0.5}) == 500ms);
  CHECK(to_duration(Seconds{-1.25}) == -1250ms);
  CHECK(to_duration(Seconds{1e300}) == Duration::max());
  CHECK(to_duration(Seconds{-1e300}) == Duration::min());
  CHECK(to_duration(Seconds{infinity}) == Duration::max());
  CHECK(to_duration(Seconds{-infinity}) == Duration::min());
  CHECK(to_duration(Seconds{std::numeric_limits<double>::quiet_NaN()}) == Duration::zero());
  CHECK(to_duration(duration<double, std::nano>{9'223'372'036'854'775'808.0}) == Duration::max());
  CHECK(to_duration(duration<float, std::nano>{9.3e18F}) == Duration::max());
}

TEST_CASE("numbers that are known only at run time stop at the same ends") {
  const auto thirds = [](std::int64_t count) {
    return to_duration(duration<std::int64_t, std::ratio<1, 3>>{count});
  };
  CHECK(thirds(4) == 1'333'333'333ns);
  CHECK(thirds(-4) == -1'333'333'333ns);
  CHECK(thirds(27'670'116'110) == 9'223'372'036'666'666'666ns);
  CHECK(thirds(27'670'116'111) == Duration::max());
  CHECK(thirds(-27'670'116'111) == Duration::min());
  CHECK(thirds(largest) == Duration::max());
  // Whole seconds that fit, with a part of one that does not.
  const auto tenths = [](std::int64_t count) {
    return to_duration(duration<std::int64_t, std::ratio<1, 10>>{count});
  };
  CHECK(tenths(92'233'720'368) == 9'223'372'036'800'000'000ns);
  CHECK(tenths(92'233'720'369) == Duration::max());
  CHECK(tenths(-92'233'720'369) == Duration::min());
  CHECK(thirds(smallest) == Duration::min());
  for (const Duration step : {Duration{1}, Duration{-1}, Duration{5s}, Duration{-5s}}) {
    const Duration end = step > Duration::zero() ? Duration::max() : Duration::min();
    CHECK(saturating_add(end, step) == end);
    CHECK(saturating_add(end, -step) == end - step);
    CHECK(saturating_between(steady_time{-step}, steady_time{end}) == end);
    CHECK(saturating_between(steady_time{step}, steady_time{end}) == end - step);
  }
}

TEST_CASE("saturate_cast goes to other units, also narrower ones") {
  STATIC_REQUIRE(saturate_cast<Minutes>(125s) == Minutes{2});
  STATIC_REQUIRE(saturate_cast<Minutes>(Years{10'000}) == Minutes::max());
  STATIC_REQUIRE(saturate_cast<Minutes>(Years{-10'000}) == Minutes::min());
  STATIC_REQUIRE(std::is_same_v<decltype(saturate_cast<Minutes>(1s)), Minutes>);
}

TEST_CASE("sums stop at the ends of the range") {
  STATIC_REQUIRE(saturating_add(Duration{2s}, Duration{3s}) == 5s);
  STATIC_REQUIRE(saturating_add(Duration{2s}, Duration{-3s}) == -1s);
  STATIC_REQUIRE(saturating_add(Duration::max(), Duration{1}) == Duration::max());
  STATIC_REQUIRE(saturating_add(Duration::max(), Duration{-1}) == Duration::max() - Duration{1});
  STATIC_REQUIRE(saturating_add(Duration::min(), Duration{-1}) == Duration::min());
  STATIC_REQUIRE(saturating_add(Duration::max(), Duration::max()) == Duration::max());
  STATIC_REQUIRE(saturating_add(Duration::min(), Duration::min()) == Duration::min());
}

TEST_CASE("points in time stop at the ends of their clock, whatever its unit") {
  constexpr steady_time noon{12h};
  STATIC_REQUIRE(saturating_add(noon, Duration{1h}) == steady_time{13h});
  STATIC_REQUIRE(saturating_add(noon, Duration::max()) == steady_time::max());
  STATIC_REQUIRE(saturating_add(steady_time{-12h}, Duration::min()) == steady_time::min());
  STATIC_REQUIRE(saturating_add(WallClockTime{12h}, Duration{1'999ns}) == WallClockTime{12h + 1us});
}

TEST_CASE("the distance between two points stops at the ends of the range") {
  STATIC_REQUIRE(saturating_between(steady_time{2s}, steady_time{5s}) == 3s);
  STATIC_REQUIRE(saturating_between(steady_time{5s}, steady_time{2s}) == -3s);
  STATIC_REQUIRE(saturating_between(steady_time{-1s}, steady_time::max()) == Duration::max());
  STATIC_REQUIRE(saturating_between(steady_time{1s}, steady_time::min()) == Duration::min());
  STATIC_REQUIRE(saturating_between(steady_time::min(), steady_time{-1s}) ==
                 Duration::max() - (1s - 1ns));
  STATIC_REQUIRE(saturating_between(steady_time::min(), steady_time::max()) == Duration::max());
  STATIC_REQUIRE(saturating_between(steady_time::min(), steady_time::min()) == Duration::zero());
  STATIC_REQUIRE(saturating_between(steady_time::max(), steady_time::min()) == Duration::min());
}
