// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <deque>
#include <random>
#include <vector>

#include <cano/duration.hpp>
#include <cano/limit/detail/outcome_window.hpp>

#include "support/catch.hpp"

using cano::Duration;
using cano::steady_time;
using cano::detail::OutcomeWindow;
using namespace std::chrono_literals;

TEST_CASE("a window of calls has the last of them") {
  std::minstd_rand random{7};
  for (const std::size_t size : {std::size_t{1}, std::size_t{3}, std::size_t{20}}) {
    OutcomeWindow window = OutcomeWindow::of_calls(size);
    std::deque<bool> last;
    for (int i = 0; i < 500; ++i) {
      const bool has_failed = random() % 3 == 0;
      window.add({}, has_failed);
      last.push_back(has_failed);
      if (last.size() > size) last.pop_front();
      std::size_t failures = 0;
      for (const bool each : last)
        failures += each ? 1 : 0;
      REQUIRE(window.calls() == last.size());
      REQUIRE(window.failures() == failures);
    }
    window.clear();
    CHECK(window.calls() == 0);
    window.add({}, true);
    CHECK(window.failures() == 1);
  }
}

TEST_CASE("a window of time forgets what is older, within a 64th") {
  OutcomeWindow window = OutcomeWindow::of_time(64s);
  std::minstd_rand random{11};
  struct Call {
    Duration at;
    bool has_failed;
  };
  std::vector<Call> calls;
  Duration now = 1h;
  for (int i = 0; i < 3000; ++i) {
    now += random() % 50 == 0 ? Duration{random() % 100 * 1s} : Duration{random() % 1000 * 1ms};
    const bool has_failed = random() % 3 == 0;
    window.add(steady_time{now}, has_failed);
    calls.push_back({now, has_failed});
    std::size_t most = 0;
    std::size_t least = 0;
    for (const Call& each : calls) {
      most += each.at > now - 64s ? 1 : 0;
      least += each.at > now - 63s ? 1 : 0;
    }
    REQUIRE(window.calls() <= most);
    REQUIRE(window.calls() >= least);
    REQUIRE(window.failures() <= window.calls());
  }
}

TEST_CASE("shares are compared in integers") {
  OutcomeWindow window = OutcomeWindow::of_calls(10);
  for (int i = 0; i < 10; ++i)
    window.add({}, i < 3);
  CHECK(window.has_share(300'000'000));
  CHECK_FALSE(window.has_share(300'000'001));
  CHECK(window.has_share(1));
}
