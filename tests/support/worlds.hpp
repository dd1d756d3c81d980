// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <cano/duration.hpp>
#include <cano/testing/virtual_time.hpp>

#include "support/catch.hpp"

/// Where a wait may be timed: what it does must not differ between them.
struct World {
  virtual ~World() = default;
  virtual boost::asio::any_io_executor get_executor() = 0;
  virtual void settle() = 0;  // runs what is ready
};

struct RealWorld : World {
  boost::asio::io_context context{1};

  boost::asio::any_io_executor get_executor() override { return context.get_executor(); }
  void settle() override {
    context.restart();
    context.poll();
  }
};

struct StrandWorld final : RealWorld {
  boost::asio::any_io_executor get_executor() override { return boost::asio::make_strand(context); }
};

struct VirtualWorld final : World {
  cano::VirtualTime time;

  boost::asio::any_io_executor get_executor() override { return time.get_executor(); }
  void settle() override { time.run_for(cano::Duration::zero()); }
};

/// In a test case: runs the rest of it in each of them.
inline std::unique_ptr<World> any_world() {
  const int kind = GENERATE(0, 1, 2);
  if (kind == 0) return std::make_unique<RealWorld>();
  if (kind == 1) return std::make_unique<StrandWorld>();
  return std::make_unique<VirtualWorld>();
}
