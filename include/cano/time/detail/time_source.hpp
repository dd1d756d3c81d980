// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/execution_context.hpp>

#include <cano/duration.hpp>

namespace cano {
namespace asio = boost::asio;
}

namespace cano::detail {

/// A wait that a time source ends.
class Waiter {
 public:
  virtual void wake() = 0;

 protected:
  ~Waiter() = default;
};

/// What stands in for the real clocks of a context; see testing/virtual_time.hpp.
class TimeSource {
 public:
  virtual steady_time now() const = 0;
  virtual system_time wall_now() const = 0;

  /// Wakes `waiter` once when `deadline` has come, unless it is removed first.
  virtual void add(Waiter& waiter, steady_time deadline) = 0;
  virtual void remove(Waiter& waiter) noexcept = 0;

 protected:
  ~TimeSource() = default;
};

/// Holds the time source of an execution context; none means real time.
class TimeService : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id;

  explicit TimeService(asio::execution_context& context) : service{context} {}

  TimeSource* source() const noexcept { return source_; }
  void use(TimeSource* source) noexcept { source_ = source; }

 private:
  void shutdown() noexcept override {}

  TimeSource* source_ = nullptr;
};

}  // namespace cano::detail
