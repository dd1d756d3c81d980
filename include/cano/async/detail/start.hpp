// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/version.hpp>

#include <cano/async/detail/coroutine_owner.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/root_environment.hpp>
#include <cano/async/detail/waiter.hpp>
#include <cano/error.hpp>

namespace cano::detail {

// An `asio::awaitable` cannot take the result of an operation of `void(std::exception_ptr, T)` with
// Boost 1.81, or not always with g++: async_op_handler.hpp has a class for it, which is found by
// the return type.
#if BOOST_VERSION < 108200 || (defined(__GNUC__) && !defined(__clang__))
/// The return type that marks a completion signature as one of ours.
struct Completed {};
/// The completion signature of an `Async<T>`.
template <class T> struct SignatureOf {
  using type = Completed(std::exception_ptr, T);
};
#else
template <class T> struct SignatureOf {
  using type = void(std::exception_ptr, T);
};
#endif
template <> struct SignatureOf<void> {
  using type = void(std::exception_ptr);
};
template <class T> using Signature = typename SignatureOf<T>::type;

/// An `Async` that was started with a completion token: the part that knows neither its result nor
/// its handler.
class StartedBase : public RootEnvironment, public Waiter {
 public:
  virtual ~StartedBase() { end(); }

  /// Where the calling thread is on the loop it runs at once, up to the first wait; it never
  /// completes inside this call.
  void start(asio::cancellation_slot slot) {
    if (slot.is_connected()) slot.assign(RequestStop{link()});
    if (loop().runs_here()) return begin();
    const bool is_posted = loop().post(static_cast<Waiter*>(this), [](void* waiter, bool runs) {
      auto* const self = static_cast<StartedBase*>(static_cast<Waiter*>(waiter));
      if (!runs) {
        delete self;
      } else {
        self->begin();
      }
    });
    if (!is_posted) delete this;
  }

  void abandon() noexcept override {
    destroy_awaited_frames();
    end();
    delete this;
  }
  void wake() override { finished(); }
  void drop() noexcept override { wait_lost(); }

 protected:
  using RootEnvironment::RootEnvironment;

  void end() noexcept {
    if (has_begun_) loop().leave(*this);
    has_begun_ = false;
  }

 private:
  void begin() {
    has_begun_ = true;
    loop().join(*this);
    const Loop::Pointer keep{&loop()};
    run(root_);
    if (root_.done()) keep->push(*this);
  }

  bool has_begun_ = false;
};

/// A started `Async` with its result.
template <class T> class StartedWork : public StartedBase {
 public:
  StartedWork(Loop& loop, EnvironmentLink* origin, CoroutineOwner<T>&& coroutine) noexcept
      : StartedWork{loop, origin, origin == nullptr ? nullptr : origin->work_tag(),
                    std::move(coroutine)} {}
  StartedWork(Loop& loop, EnvironmentLink* origin, std::shared_ptr<const WorkTag> tag,
              CoroutineOwner<T>&& coroutine) noexcept
      : StartedBase{loop, origin, std::move(tag)}, coroutine_{std::move(coroutine)} {
    set_root(coroutine_);
  }

 protected:
  CoroutineOwner<T> coroutine_;
};

/// A started `Async` with its result and the handler that takes it.
template <class T, class Handler> class Started final : public StartedWork<T> {
 public:
  using Executor = asio::associated_executor_t<Handler, asio::any_io_executor>;

  Started(Loop& loop, EnvironmentLink* origin, std::shared_ptr<const WorkTag> tag,
          CoroutineOwner<T>&& coroutine, const Executor& executor, Handler&& handler)
      : StartedWork<T>{loop, origin, std::move(tag), std::move(coroutine)},
        work_{executor},
        handler_{std::move(handler)} {}

 private:
  // A token that needs a value beside an exception gets a default one.
  static_assert(std::is_void_v<T> || std::is_default_constructible_v<T>,
                "cano: this completion token takes void(std::exception_ptr, T), which needs a T "
                "also when an exception was thrown: await the Async in an Async, or give it a "
                "result with a default constructor (std::optional)");

  void finished() override {
    const std::unique_ptr<Started> self{this};
    const Loop::Pointer keep{&this->loop()};
    std::exception_ptr thrown;
    if (std::exception_ptr* const exception = this->coroutine_.promise().exception()) {
      thrown = std::move(*exception);
    }
    if constexpr (std::is_void_v<T>) {
      destroy_frame();
      complete([handler = std::move(handler_), thrown = std::move(thrown)]() mutable {
        asio::get_associated_cancellation_slot(handler).clear();
        std::move(handler)(std::move(thrown));
      });
    } else {
      T value = take_value(thrown);
      destroy_frame();
      complete([handler = std::move(handler_), thrown = std::move(thrown),
                value = std::move(value)]() mutable {
        asio::get_associated_cancellation_slot(handler).clear();
        std::move(handler)(std::move(thrown), std::move(value));
      });
    }
  }

  // Also when the value cannot be moved there is an end to report.
  T take_value(std::exception_ptr& thrown) {
    try {
      if (!thrown) return this->coroutine_.promise().value();
    } catch (...) {
      thrown = std::current_exception();
    }
    return T{};
  }
  void destroy_frame() {
    this->coroutine_.destroy();
    this->end();
  }
  template <class F> void complete(F&& function) {
    const auto work = std::move(work_);
    asio::dispatch(work.get_executor(), std::forward<F>(function));
  }

  asio::executor_work_guard<Executor> work_;
  Handler handler_;
};

/// The scheduled run that what waits for the end is part of, or null: the coroutine that is started
/// belongs to that run too, whatever its executor.
template <class Handler, class Executor>
std::shared_ptr<const WorkTag> work_tag_of(const Handler& handler, const Executor& executor) {
  const EnvironmentLink* link = nullptr;
  if constexpr (requires { handler.work_tag(); }) {
    return handler.work_tag();
  } else if constexpr (std::same_as<Executor, asio::any_io_executor>) {
    link = link_of(executor);
  }
  return link == nullptr ? nullptr : link->work_tag();
}

/// Starts a coroutine on the given executor, or on that of the handler where none is given.
struct StartCoroutine {
  template <class Handler, class T>
  void operator()(Handler&& handler, CoroutineOwner<T> coroutine,
                  asio::any_io_executor executor) const {
    using Decayed = std::decay_t<Handler>;
    const auto end_on = asio::get_associated_executor(handler, executor);
    if (!executor) executor = end_on;
    if (!executor) {
      throw Error{Errc::Configuration,
                  "An Async was started with a handler that has no executor: use "
                  "asio::bind_executor, or asio::co_spawn(executor, std::move(work), token)"};
    }
    const auto slot = asio::get_associated_cancellation_slot(handler);
    EnvironmentLink* const origin = link_of(executor);
    auto tag = origin == nullptr ? work_tag_of(handler, end_on) : origin->work_tag();
    auto started = std::make_unique<Started<T, Decayed>>(*loop_of(executor), origin, std::move(tag),
                                                         std::move(coroutine), end_on,
                                                         Decayed{std::forward<Handler>(handler)});
    started.release()->start(slot);
  }
};

/// Starts a coroutine with a completion token; without an executor on that of the handler.
template <class T, class Token>
auto start(CoroutineOwner<T> coroutine, asio::any_io_executor executor, Token&& token) {
  return asio::async_initiate<Token, Signature<T>>(StartCoroutine{}, token, std::move(coroutine),
                                                   std::move(executor));
}

}  // namespace cano::detail
