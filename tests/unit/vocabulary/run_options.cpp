// SPDX-License-Identifier: MIT
#include <chrono>
#include <stop_token>
#include <type_traits>

#include <cano/duration.hpp>
#include <cano/run_options.hpp>

#include "support/catch.hpp"

using cano::RunOptions;
using namespace std::chrono_literals;

static_assert(!std::is_aggregate_v<RunOptions>);
static_assert(std::is_nothrow_move_constructible_v<RunOptions>);

TEST_CASE("by default a run has no limit, no name and nothing that stops it") {
  const RunOptions options;
  CHECK_FALSE(options.stop.stop_possible());
  CHECK_FALSE(options.timeout);
  CHECK(options.run_id.empty());
}

TEST_CASE("options are added one by one, and each time a copy has them") {
  const std::stop_source source;
  const RunOptions none;
  const auto stoppable = none.with_stop(source.get_token());
  const auto limited = stoppable.with_timeout(cano::Duration{2s});
  const auto named = limited.with_run_id("r");
  CHECK_FALSE(none.stop.stop_possible());
  CHECK(stoppable.stop == source.get_token());
  CHECK_FALSE(stoppable.timeout);
  CHECK(limited.stop == source.get_token());
  CHECK(limited.timeout == cano::Duration{2s});
  CHECK(limited.run_id.empty());
  CHECK(named.stop == source.get_token());
  CHECK(named.timeout == cano::Duration{2s});
  CHECK(named.run_id == "r");
  CHECK(named.with_timeout(3s).with_run_id("s").timeout == cano::Duration{3s});
  CHECK(named.run_id == "r");
}

TEST_CASE("a timeout has any unit of time, and one that overflows never expires") {
  CHECK(RunOptions{}.with_timeout(1min).timeout == cano::Duration{60s});
  CHECK(RunOptions{}.with_timeout(std::chrono::duration<double>{0.5}).timeout ==
        cano::Duration{500ms});
  CHECK(RunOptions{}.with_timeout(std::chrono::hours::max()).timeout == cano::Duration::max());
  CHECK(RunOptions{}.with_timeout(-1ms).timeout == cano::Duration{-1ms});
}

TEST_CASE("options may be set member by member") {
  const std::stop_source source;
  RunOptions options;
  options.stop = source.get_token();
  options.timeout = 5s;
  options.run_id = "r";
  CHECK(options.stop == source.get_token());
  CHECK(options.timeout == cano::Duration{5s});
  CHECK(options.run_id == "r");
}
