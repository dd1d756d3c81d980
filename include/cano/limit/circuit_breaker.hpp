// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <cano/async/async.hpp>
#include <cano/async/detail/duration_text.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/parallel_wait.hpp>
#include <cano/detail/failure_kind.hpp>
#include <cano/detail/text.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/limit/circuit_breaker_options.hpp>
#include <cano/limit/detail/breaker_rules.hpp>
#include <cano/limit/detail/breaker_state.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>
#include <cano/retry_after.hpp>

namespace cano {

/// Stops calling a service that seems to be down, and tries it again later.
///
/// Closed, it lets every call through and counts how they end. When too many have failed it opens:
/// calls are refused at once with `Error(CircuitOpen)`, which says when to come back. After a time
/// it is half open: it lets a few probes through. When they succeed it closes, when one fails it
/// opens again. A cancelled call counts neither way, and a cancelled probe makes room for another.
///
/// A task gets it by `TaskConfig::with_circuit_breaker`; one breaker may serve many workflows and
/// threads. By hand:
///
///     const auto breaker = circuit_breaker({.name = "quotes", .slow_call = 2s});
///     const Quote quote = co_await breaker->call(ask(supplier));
///
/// It uses the clock of the coroutine that calls, elsewhere the real one.
///
/// **Threads.** All members are safe from any thread. Observers are called by one thread at a time,
/// in the order of the changes.
/// **Lifetime.** Calls under way must not outlive it.
class CircuitBreaker {
 public:
  /// **Errors.** `Error(Configuration)` when an option is out of its range.
  explicit CircuitBreaker(CircuitBreakerOptions options)
      : options_{std::move(options)},
        state_{detail::rules_of(options_), detail::window_of(options_.window)} {
    publish();
  }
  CircuitBreaker(const CircuitBreaker&) = delete;
  CircuitBreaker& operator=(const CircuitBreaker&) = delete;

  /// A call under way. Say how it ended; unless that is done it counts as cancelled.
  class Call {
   public:
    /// Takes the other's call.
    Call(Call&& other) noexcept
        : breaker_{std::exchange(other.breaker_, nullptr)},
          number_{other.number_},
          began_{other.began_} {}
    Call& operator=(Call&&) = delete;
    // NOLINTNEXTLINE(bugprone-exception-escape): a lock that fails
    ~Call() { end(detail::CallResult::Neutral); }

    /// It has succeeded; a slow one counts as a failure.
    void succeeded() { end(detail::CallResult::Success); }
    /// It has failed with that exception, which decides whether it counts, see
    /// `CircuitBreakerOptions::counts_as_failure`.
    void failed(const std::exception_ptr& why) { failed(detail::traits_of(why).kind, why); }
    /// For the library: the same for a failure that has been sorted.
    void failed(detail::FailureKind kind, const std::exception_ptr& why) {
      if (breaker_ != nullptr) end(breaker_->result_of(kind, why));
    }

   private:
    friend class CircuitBreaker;
    Call(CircuitBreaker& breaker, std::uint64_t number, steady_time began) noexcept
        : breaker_{&breaker}, number_{number}, began_{began} {}

    void end(detail::CallResult result) {
      if (breaker_ != nullptr) std::exchange(breaker_, nullptr)->end(number_, result, began_);
    }

    CircuitBreaker* breaker_;  // null once it has ended
    std::uint64_t number_;
    steady_time began_;
  };

  /// Begins a call.
  ///
  /// **Errors.** `Error(CircuitOpen)` when it is open, or half open and enough probes are under
  /// way; with `retry_after()` where it is known when it lets one through.
  Call begin() {
    const std::uint64_t quick = quick_.load(std::memory_order_acquire);
    if ((quick & is_closed) != 0) [[likely]]
      return Call{*this, quick / 4, options_.slow_call ? detail::Loop::now_here() : steady_time{}};
    return begin_slowly();
  }
  /// Throws what `begin` would throw now, and begins nothing.
  void throw_if_open() {
    if ((quick_.load(std::memory_order_acquire) & is_closed) != 0) return;
    const steady_time now = detail::Loop::now_here();
    const std::lock_guard lock{mutex_};
    if (state_.refuses(now)) throw_open(now);
  }

  /// Awaits work as a call, and gives its result: anything that an `Async` may await.
  ///
  /// **Errors.** As `begin`; what the work throws.
  template <detail::AwaitedOperand Work> Async<detail::AwaitResult<Work>> call(Work work) {
    return await_call(*this, detail::as_async(std::move(work)));
  }

  /// What it does with calls. An open one whose time is over becomes half open with the next call.
  CircuitState state() const {
    const std::lock_guard lock{mutex_};
    return state_.state();
  }
  /// `CircuitBreakerOptions::name`.
  const std::string& name() const noexcept { return options_.name; }

  /// Refuses all calls, until `force_closed` or `reset`.
  void force_open() {
    change([&] { state_.force_open(); });
  }
  /// Lets all calls through and does not count, until `force_open` or `reset`.
  void force_closed() {
    change([&] { state_.force_closed(); });
  }
  /// Closed, as if it were new.
  void reset() {
    change([&] { state_.reset(); });
  }

  /// Tells an observer of each change of the state from now on, see `Observer::on_circuit_changed`.
  ///
  /// **Errors.** `Error(Configuration)` when it is null.
  void add_observer(std::shared_ptr<Observer> observer) {
    const std::lock_guard lock{mutex_};
    auto changed = std::make_shared<detail::ObserverList>(*observers_);
    changed->add(std::move(observer));
    observers_ = std::move(changed);
  }

 private:
  // The number of the state times 4, and:
  static constexpr std::uint64_t is_closed = 1;
  static constexpr std::uint64_t ignores_success = 2;

  detail::CallResult result_of(detail::FailureKind kind, const std::exception_ptr& why) const {
    using detail::CallResult;
    if (kind == detail::FailureKind::Aborted || kind == detail::FailureKind::Cancelled) {
      return CallResult::Neutral;
    }
    if (options_.counts_as_failure) {
      return options_.counts_as_failure(why) ? CallResult::Failure : CallResult::Success;
    }
    return detail::is_retryable(kind) ? CallResult::Failure : CallResult::Neutral;
  }

  [[gnu::noinline]] Call begin_slowly() {
    const steady_time now = detail::Loop::now_here();
    std::uint64_t number = 0;
    bool may_begin = false;
    change([&] {
      may_begin = state_.begin(now);
      number = state_.number();
      if (!may_begin) throw_open(now);
    });
    return Call{*this, number, now};
  }
  [[gnu::always_inline]] void end(std::uint64_t number, detail::CallResult result,
                                  steady_time began) {
    if (options_.slow_call && result == detail::CallResult::Success &&
        detail::saturating_between(began, detail::Loop::now_here()) > *options_.slow_call) {
      result = detail::CallResult::Failure;
    }
    if (result == detail::CallResult::Success &&
        quick_.load(std::memory_order_acquire) == (number * 4 | is_closed | ignores_success)) {
      return;
    }
    end_slowly(number, result);
  }
  [[gnu::noinline]] void end_slowly(std::uint64_t number, detail::CallResult result) {
    change([&] { state_.end(number, result, detail::Loop::now_here); });
  }

  // Tells observers of the change, if there is one, outside of the lock.
  template <class What> void change(What&& what) {
    {
      const std::lock_guard lock{mutex_};
      const CircuitState before = state_.state();
      what();
      publish();
      if (state_.state() == before) return;
      note_change(before);
      if (std::exchange(is_telling_, true)) return;  // the thread that does tells of this one too
    }
    tell();
  }
  void note_change(CircuitState before) {
    CircuitChanged change{options_.name,
                          before,
                          state_.state(),
                          state_.is_forced(),
                          detail::Loop::now_here(),
                          {},
                          detail::Loop::wall_now_here()};
    if (change.to == CircuitState::Open && !change.forced) change.open_for = state_.open_for();
    changes_.push_back(change);
  }
  void tell() {
    for (;;) {
      std::optional<CircuitChanged> change;
      std::shared_ptr<const detail::ObserverList> observers;
      {
        const std::lock_guard lock{mutex_};
        is_telling_ = !changes_.empty();
        if (!is_telling_) return;
        change = changes_.front();
        changes_.pop_front();
        observers = observers_;
      }
      observers->notify(&Observer::on_circuit_changed, *change);
    }
  }

  // With the mutex locked.
  void publish() noexcept {
    std::uint64_t quick = state_.number() * 4;
    if (state_.state() == CircuitState::Closed) {
      quick |= is_closed;
      const bool counts = !state_.is_forced() && (state_.failures() != 0 || options_.failure_rate);
      if (!counts) quick |= ignores_success;
    }
    quick_.store(quick, std::memory_order_release);
  }
  [[noreturn]] void throw_open(steady_time now) const {
    std::string text = "The circuit breaker " + detail::one_line(options_.name) + " is ";
    if (state_.is_forced()) {
      throw Error{Errc::CircuitOpen, std::move(text) + "open: it was forced to be"};
    }
    if (state_.state() == CircuitState::HalfOpen) {
      throw Error{Errc::CircuitOpen, std::move(text) + "half open: its probes have not ended yet"};
    }
    const Duration rest = detail::saturating_between(now, state_.open_until());
    text.append("open for ").append(detail::duration_text(rest));
    throw RetryAfter{rest, Errc::CircuitOpen, std::move(text)};
  }

  template <class T> static Async<T> await_call(CircuitBreaker& breaker, Async<T> work) {
    Call call = breaker.begin();
    std::exception_ptr thrown;
    std::optional<detail::AwaitedValue<T>> value;
    try {
      if constexpr (std::is_void_v<T>) {
        co_await std::move(work);
        value.emplace();
      } else {
        value.emplace(co_await std::move(work));
      }
    } catch (...) {
      thrown = std::current_exception();
    }
    if (thrown) {
      call.failed(thrown);
      std::rethrow_exception(std::move(thrown));
    }
    call.succeeded();
    if constexpr (!std::is_void_v<T>) co_return std::move(*value);
  }

  const CircuitBreakerOptions options_;
  std::atomic<std::uint64_t> quick_{0};
  mutable std::mutex mutex_;
  detail::BreakerState state_;
  std::shared_ptr<const detail::ObserverList> observers_ =
      std::make_shared<const detail::ObserverList>();
  std::deque<CircuitChanged> changes_;  // not told yet
  bool is_telling_ = false;
};

/// A breaker to share.
///
/// **Errors.** `Error(Configuration)` when an option is out of its range.
inline std::shared_ptr<CircuitBreaker> circuit_breaker(CircuitBreakerOptions options = {}) {
  return std::make_shared<CircuitBreaker>(std::move(options));
}

}  // namespace cano
