// SPDX-License-Identifier: MIT
// Runs that fail, by hand, in a coroutine of either type. How long each took is reported where cano
// reports it too.
#pragma once

#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>
#include <variant>

#include "peers/measure.hpp"
#include "support/count.hpp"

namespace failing {

// The error is one that may be thrown in the end, like all that can be caught.
using Attempt = std::variant<countdown::Step, std::runtime_error>;

struct FallibleTask {
  virtual ~FallibleTask() = default;
  virtual Attempt run(countdown::Count& count) const = 0;
};
template <int Number> struct FailingTask : FallibleTask {
  Attempt run(countdown::Count& count) const override {
    if (count.left == Number) return std::runtime_error{"not this time"};
    return countdown::Step::Done;
  }
};
template <int Number> struct ThrowingTask : FallibleTask {
  Attempt run(countdown::Count& count) const override {
    if (count.left == Number) throw std::runtime_error{"not this time"};
    return countdown::Step::Done;
  }
};

using Clock = std::chrono::steady_clock;

struct Ended {
  std::variant<countdown::Step, std::runtime_error, std::exception_ptr> how;
  Clock::duration elapsed{};
};

template <template <class> class Coroutine>
Coroutine<Ended> run_once(const FallibleTask& task, countdown::Count& count) {
  const Clock::time_point started = Clock::now();
  Ended ended;
  try {
    Attempt attempt = task.run(count);
    if (auto* const error = std::get_if<std::runtime_error>(&attempt)) {
      ended.how = std::move(*error);
    } else {
      ended.how = std::get<countdown::Step>(attempt);
    }
  } catch (...) {
    ended.how = std::current_exception();
  }
  ended.elapsed = Clock::now() - started;
  co_return ended;
}

template <template <class> class Coroutine>
Coroutine<void> fail_often(const FallibleTask& task, countdown::Count& count) {
  for (int i = 0; i < countdown::hops; ++i) {
    const Ended ended = co_await run_once<Coroutine>(task, count);
    measure::keep(ended.how.index());
  }
}

}  // namespace failing
