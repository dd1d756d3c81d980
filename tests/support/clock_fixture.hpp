// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <cano/duration.hpp>
#include <cano/testing/virtual_time.hpp>

#include "support/catch.hpp"

/// An executor with a clock, real or virtual: a wait must do the same on each.
struct ClockFixture {
  virtual ~ClockFixture() = default;
  virtual boost::asio::any_io_executor get_executor() = 0;
  virtual void settle() = 0;  // runs what is ready
};

struct RealClock : ClockFixture {
  boost::asio::io_context context{1};

  boost::asio::any_io_executor get_executor() override { return context.get_executor(); }
  void settle() override {
    context.restart();
    context.poll();
  }
};

struct StrandClock final : RealClock {
  boost::asio::any_io_executor get_executor() override { return boost::asio::make_strand(context); }
};

struct VirtualClockFixture final : ClockFixture {
  cano::VirtualTime time;

  boost::asio::any_io_executor get_executor() override { return time.get_executor(); }
  void settle() override { time.run_for(cano::Duration::zero()); }
};

/// In a test case: runs the rest of it in each of them.
inline std::unique_ptr<ClockFixture> any_clock() {
  const int kind = GENERATE(0, 1, 2);
  if (kind == 0) return std::make_unique<RealClock>();
  if (kind == 1) return std::make_unique<StrandClock>();
  return std::make_unique<VirtualClockFixture>();
}
