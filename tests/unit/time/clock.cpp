// SPDX-License-Identifier: MIT
#include <chrono>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cano/testing/virtual_time.hpp>
#include <cano/time/clock.hpp>

#include "support/catch.hpp"

using cano::Clock;
using cano::VirtualTime;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

bool is_real(const Clock& clock) {
  const auto steady = std::chrono::steady_clock::now();
  const auto wall = std::chrono::system_clock::now();
  const auto steady_seen = clock.now();
  const auto wall_seen = clock.wall_now();
  return steady <= steady_seen && steady_seen <= std::chrono::steady_clock::now() &&
         wall <= wall_seen && wall_seen <= std::chrono::system_clock::now();
}

}  // namespace

TEST_CASE("an ordinary context uses the real clocks") {
  asio::io_context context;
  asio::thread_pool pool{1};
  CHECK(is_real(Clock::of(context)));
  CHECK(is_real(Clock::of(context.get_executor())));
  CHECK(is_real(Clock::of(asio::make_strand(context))));
  CHECK(is_real(Clock::of(pool.get_executor())));
}

TEST_CASE("every executor of a VirtualTime uses its clocks") {
  VirtualTime time;
  const Clock clock = Clock::of(time.get_executor());
  const Clock of_strand = Clock::of(asio::make_strand(time.get_executor()));
  CHECK(clock.now() == time.now());
  CHECK(clock.wall_now() == time.wall_now());
  time.run_for(90s);
  time.step_wall_clock(1h);
  CHECK(clock.now() == time.now());
  CHECK(of_strand.now() == time.now());
  CHECK(of_strand.wall_now() == time.wall_now());
}

TEST_CASE("a VirtualTime leaves other contexts of the process alone") {
  VirtualTime time;
  VirtualTime other;
  asio::io_context context;
  other.run_for(1h);
  CHECK(is_real(Clock::of(context)));
  CHECK(Clock::of(time.get_executor()).now() == other.now() - 1h);
}
