// SPDX-License-Identifier: MIT
#include <chrono>
#include <stdexcept>
#include <stop_token>
#include <string>

#include <cano/compose/wait.hpp>
#include <cano/duration.hpp>
#include <cano/testing/virtual_time.hpp>

#include "support/branches.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"

namespace wait_tests {

using namespace std::chrono_literals;
using branches::Desk;
using branches::Ended;
using branches::run;
using engine::inside;
using engine::S;

TEST_CASE("wait_for waits and goes on") {
  cano::VirtualTime time;
  Desk desk;
  CHECK(run(time, cano::wait_for(5min, S::Done), desk).after == 5min);
  CHECK(run(time, cano::wait_for(cano::Duration{7}, S::Done), desk).after == 7ns);
  for (const auto none : {0ms, -5ms}) {
    const Ended ended = run(time, cano::wait_for(none, S::Done), desk);
    CHECK(ended.result.is_success());
    CHECK(ended.after == 0ms);
  }
}

TEST_CASE("waits show in the graph where they lead") {
  const auto flow = branches::flow_of(cano::wait_for(5min, S::Done));
  CHECK(flow.graph().edges.size() == 1);
  CHECK(flow.validate().empty());
}

TEST_CASE("waits are cancelled at once, and timeouts end them") {
  cano::VirtualTime time;
  Desk desk;
  std::stop_source stop;
  engine::after(time, 10ms, [&] { stop.request_stop(); });
  const auto options = cano::RunOptions{}.with_stop(stop.get_token());
  const Ended ended = run(time, cano::wait_for(1h, S::Done), desk, options);
  CHECK(ended.result.is_cancelled());
  CHECK(ended.after == 10ms);
  const auto never = [](const Desk&) { return cano::system_time::max(); };
  const Ended limited =
      run(time, cano::wait_until(never, S::Done), desk, cano::RunOptions{}.with_timeout(1min));
  CHECK(limited.after == 1min);
  CHECK(inside(limited.result.error()).errc() == cano::Errc::Timeout);
}

TEST_CASE("wait_until waits for a time of day that the store knows") {
  cano::VirtualTime time;
  Desk desk;
  const auto due = time.wall_now() + 90s;
  const auto when = [due](Desk&, cano::TaskContext&) { return due; };
  CHECK(run(time, cano::wait_until(when, S::Done), desk).after == 90s);
  CHECK(run(time, cano::wait_until(when, S::Done), desk).after == 0s);  // has passed
  const auto throws = [](Desk&) -> cano::system_time { throw std::out_of_range{"due"}; };
  CHECK(inside<std::out_of_range>(run(time, cano::wait_until(throws, S::Done), desk).result.error())
            .what() == std::string{"due"});
}

TEST_CASE("wait_until follows the clock on the wall when that is set") {
  cano::VirtualTime time;
  Desk desk;
  const auto due = time.wall_now() + 1h;
  const auto when = [due](const Desk&) { return due; };
  engine::after(time, 10min, [&] { time.step_wall_clock(30min); });
  CHECK(run(time, cano::wait_until(when, S::Done), desk).after == 30min);

  const auto later = time.wall_now() + 1h;
  engine::after(time, 10min, [&] { time.step_wall_clock(-30min); });
  const Ended ended =
      run(time, cano::wait_until([later](const Desk&) { return later; }, S::Done), desk);
  CHECK(ended.after == 90min);
}

}  // namespace wait_tests
