// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include <boost/system/error_code.hpp>

namespace cano::detail {

class Loop;

/// The handler that a loop gives to Asio: a function and its object. One type for all, since a
/// compiler makes Asio's operations anew for each type of handler.
///
/// The function is called once: with true, on the loop, when the handler runs, with false when Asio
/// destroys it. Its object keeps the loop until then.
class LoopHandler {
 public:
  using Function = void (*)(void* object, bool runs);

  LoopHandler(const Loop& loop, void* object, Function function) noexcept
      : loop_{&loop}, object_{object}, function_{function} {}
  LoopHandler(LoopHandler&& other) noexcept
      : loop_{other.loop_},
        object_{other.object_},
        function_{std::exchange(other.function_, nullptr)} {}
  LoopHandler& operator=(LoopHandler&&) = delete;
  ~LoopHandler() {
    if (function_ != nullptr) function_(object_, false);
  }

  void operator()();  // in loop.hpp
  // Of a timer: the clock shows whether it was cancelled.
  void operator()(const boost::system::error_code&) { (*this)(); }

 private:
  const Loop* loop_;
  void* object_;
  Function function_;
};

}  // namespace cano::detail
