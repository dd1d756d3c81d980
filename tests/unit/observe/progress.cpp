// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <sstream>
#include <string>

#include <cano/observe/progress.hpp>

#include "support/catch.hpp"

using cano::Progress;
using cano::ProgressCounts;
using namespace std::chrono_literals;

namespace {

struct Status {
  std::size_t total_workflows, completed, failed, cancelled;
  cano::Duration elapsed;
};

std::string plain_line(const ProgressCounts& counts) {
  std::ostringstream out;
  Progress progress{out};
  progress.update(counts);
  return out.str();
}

}  // namespace

TEST_CASE("a line has share, counters, rate and time left") {
  CHECK(plain_line({1000, 395, 5, 0, 5s}) ==
        "progress  40 % of 1000: 395 done, 5 failed, 600 running, 80.0/s, 8 s left\n");
  CHECK(plain_line({10, 3, 0, 2, 2s}) ==
        "progress  50 % of 10: 3 done, 0 failed, 2 cancelled, 5 running, 2.5/s, 2 s left\n");
  CHECK(plain_line({10, 0, 0, 0, 2s}) == "progress  0 % of 10: 0 done, 0 failed, 10 running\n");
  CHECK(plain_line({10, 5, 0, 0, 0s}) == "progress  50 % of 10: 5 done, 0 failed, 5 running\n");
  CHECK(plain_line({4, 4, 0, 0, 2s}) ==
        "progress  100 % of 4: 4 done, 0 failed, 0 running, 2.0/s, took 2 s\n");
  CHECK(plain_line({0, 0, 0, 0, 0s}) == "progress  100 % of 0: 0 done, 0 failed, 0 running\n");
}

TEST_CASE("long times are written in minutes, hours, and then not at all") {
  CHECK(plain_line({21, 1, 0, 0, 10s}).find(", 3 min 20 s left") != std::string::npos);
  CHECK(plain_line({126, 1, 0, 0, 60s}).find(", 2 h 5 min left") != std::string::npos);
  CHECK(plain_line({61, 1, 0, 0, 60s}).find(", 1 h left") != std::string::npos);
  const std::size_t all = std::numeric_limits<std::size_t>::max();
  CHECK(plain_line({all, 1, 0, 0, 60s}).find(", years left") != std::string::npos);
}

TEST_CASE("elsewhere than on a terminal there is a line a tenth, and one at the end") {
  std::ostringstream out;
  {
    Progress progress{out, {.label = "orders"}};
    for (std::size_t i = 0; i <= 1000; ++i)
      progress(Status{1000, i, 0, 0, 1ms * i});
    progress(Status{1000, 1000, 0, 0, 2s});  // after the end: nothing
  }
  const std::string text = out.str();
  CHECK(std::count(text.begin(), text.end(), '\n') == 11);
  CHECK(text.find("orders  10 % of 1000: 100 done") != std::string::npos);
  CHECK(text.find("orders  100 % of 1000: 1000 done") != std::string::npos);
  CHECK(text.find('\r') == std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
}

TEST_CASE("on a terminal one line is redrawn every so often and ended at the end") {
  std::ostringstream out;
  Progress progress{out, {.label = "p", .terminal = true, .redraw_every = 100ms}};
  progress.update({4, 0, 0, 0, 0ms});
  progress.update({4, 1, 0, 0, 50ms});  // too soon
  progress.update({4, 2, 0, 0, 100ms});
  progress.update({4, 3, 1, 0, 110ms});  // the last one is always shown
  CHECK(out.str() ==
        "\r\x1b[?7lp  0 % of 4: 0 done, 0 failed, 4 running\x1b[K\x1b[?7h"
        "\r\x1b[?7lp  50 % of 4: 2 done, 0 failed, 2 running, 20.0/s, 1 s left\x1b[K\x1b[?7h"
        "\r\x1b[?7lp  100 % of 4: 3 done, 1 failed, 0 running, 36.4/s, took 1 s\x1b[K\x1b[?7h\n");
}

TEST_CASE("a batch that never ended leaves the terminal on a new line") {
  std::ostringstream out;
  {
    Progress{out, {.label = "p", .terminal = true}}.update({2, 0, 0, 0, 0s});
  }
  CHECK(out.str().ends_with("\x1b[?7h\n"));
}

TEST_CASE("a label stays on the line") {
  std::ostringstream out;
  Progress{out, {.label = "a\nb\x1b[2J"}}.update({2, 0, 0, 0, 0s});
  CHECK(out.str().starts_with("a\\nb\\u{1b}[2J  0 %"));
}

TEST_CASE("it can be handed to a batch as a function") {
  std::ostringstream out;
  Progress progress{out};
  const std::function<void(const Status&)> callback = std::ref(progress);
  callback(Status{1, 1, 0, 0, 1s});
  CHECK(out.str() == "progress  100 % of 1: 1 done, 0 failed, 0 running, 1.0/s, took 1 s\n");
}

TEST_CASE("one batch after the other is shown, each to its end") {
  for (const bool terminal : {false, true}) {
    std::ostringstream out;
    Progress progress{out, {.label = "p", .terminal = terminal, .redraw_every = 1h}};
    for (int batch = 0; batch < 3; ++batch) {
      progress(Status{2, 0, 0, 0, 0s});
      progress(Status{2, 1, 0, 0, 1s});
      progress(Status{2, 1, 1, 0, 2s});
    }
    progress(Status{4, 0, 0, 0, 5s});
    progress(Status{4, 1, 0, 0, 6s});  // never ends
    progress(Status{4, 0, 0, 4, 1s});
    progress(Status{1, 1, 0, 0, 1s});
    progress(Status{1, 1, 0, 0, 1s});
    const std::string text = out.str();
    const auto shown = [&](const std::string& part) {
      std::size_t found = 0;
      for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++found;
      return found;
    };
    CHECK(shown("p  0 % of 2") == 3);
    CHECK(shown("p  100 % of 2: 1 done, 1 failed") == 3);
    CHECK(shown("p  100 % of 4: 0 done, 0 failed, 4 cancelled") == 1);
    CHECK(shown("p  100 % of 1") == 2);
    CHECK(text.ends_with("\n"));
    CHECK(std::count(text.begin(), text.end(), '\n') == (terminal ? 7 : 14));
  }
}
