// SPDX-License-Identifier: MIT
#pragma once

// limit/: limits on how much runs at once or in a time, shared by tasks.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <cano/async/async.hpp>
#include <cano/async/detail/duration_text.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/on_demand.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/limit/detail/grant.hpp>
#include <cano/limit/detail/limit_line.hpp>
#include <cano/limit/detail/limit_waiter.hpp>
#include <cano/limit/detail/wide.hpp>
#include <cano/retry_after.hpp>
#include <cano/time/clock.hpp>

namespace cano {

namespace detail {
template <class Core> class LimitOf;
}

/// What one asks of a `Limit`.
struct LimitUse {
  /// How much of the limit it takes. None never waits.
  std::size_t cost = 1;
  /// How long to wait at most; for ever where it is empty. Zero: only what is free at once.
  std::optional<Duration> max_wait{};
};
static_assert(std::is_trivially_destructible_v<LimitUse>);  // it may stand in a co_await operand

/// Room in a limit: given back when it is destroyed. What was taken from a limit on a rate stays
/// taken.
///
/// **Threads.** Distinct objects: safe, on any thread. Shared objects: not safe.
/// **Lifetime.** May outlive the limit.
class Permit {
 public:
  /// Holds nothing.
  Permit() noexcept = default;
  /// Takes what the other holds.
  Permit(Permit&& other) noexcept
      : line_{std::exchange(other.line_, nullptr)}, cost_{other.cost_} {}
  /// @overload
  Permit& operator=(Permit&& other) noexcept {
    if (this == &other) return *this;
    release();
    line_ = std::exchange(other.line_, nullptr);
    cost_ = other.cost_;
    return *this;
  }
  ~Permit() { release(); }

  /// Gives it back now; later it does nothing.
  // NOLINTNEXTLINE(bugprone-exception-escape): a lock that fails
  void release() noexcept {
    if (line_ != nullptr) std::exchange(line_, nullptr)->release(cost_);
  }

 private:
  friend class Limit;
  Permit(detail::LimitLine& line, std::size_t cost) noexcept
      : line_{line.goes_by_time() || cost == 0 ? nullptr : &line}, cost_{cost} {}

  detail::LimitLine* line_ = nullptr;  // null where there is nothing to give back
  std::size_t cost_ = 0;
};

/// A limit on work: how much at once (`concurrency_limit`), or how much in a time (`rate_limit`,
/// `sliding_window`).
///
/// A task is limited by its `TaskConfig::with_limit`, and any other code by hand; one limit may
/// serve many workflows, batches and threads at once.
///
///     const auto limit = concurrency_limit(3);
///     ...
///     const Permit permit = co_await limit->acquire();
///
/// The first to ask is served first, whatever the costs: something large waits until there is room
/// for it, and what comes later waits behind it.
///
/// **Errors.** A cost that is more than the limit ever has room for: `Error(Configuration)`.
/// **Threads.** All members are safe from any thread.
/// **Lifetime.** Shared. It lives until an `acquire` is awaited; waiters and permits may
/// outlive it.
class Limit : private detail::LimitLine {
 public:
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;
  ~Limit() override = default;

  /// Waits for room and takes it.
  ///
  /// **Errors.** `Error(RateLimited)` when there is none within `max_wait`: as soon as that is
  /// clear, and with `retry_after()` where it is known when there will be. A limit on a rate knows,
  /// one on what is under way does not.
  /// **Cancellation.** Gives its place to the next and throws `boost::system::system_error` with
  /// `asio::error::operation_aborted`.
  template <class = detail::OnDemand> Async<Permit> acquire(LimitUse use) {
    require_room_for(use.cost);
    return acquire_from(nullptr, *this, use);
  }
  /// @overload
  template <class = detail::OnDemand> Async<Permit> acquire(std::size_t cost = 1) {
    return acquire(LimitUse{cost, {}});
  }

  /// Takes what is free at once and not waited for; nothing otherwise.
  ///
  /// A limit on a rate uses the clock of the coroutine that calls it, elsewhere the real one.
  std::optional<Permit> try_acquire(std::size_t cost = 1) { return try_acquire_at(time(), cost); }
  /// The same by a given clock: for tests, outside of coroutines.
  std::optional<Permit> try_acquire(const Clock& clock, std::size_t cost = 1) {
    return try_acquire_at(clock.now(), cost);
  }

  /// The largest cost.
  std::size_t capacity() const noexcept { return LimitLine::capacity(); }
  /// How many wait.
  std::size_t waiting() const { return LimitLine::waiting(); }
  /// "rate limit of 10 in 1 s".
  std::string describe() const override = 0;

  /// For the library: throws unless a cost can ever be had.
  void require_room_for(std::size_t cost) const {
    if (cost <= capacity()) return;
    throw Error{Errc::Configuration, "The " + describe() + " has never room for a cost of " +
                                         std::to_string(cost) + ": the most is " +
                                         std::to_string(capacity())};
  }
  /// For the library: limits that are held while others are waited for are taken in this order, so
  /// that no two tasks wait for each other.
  std::uint64_t order() const noexcept {
    return goes_by_time() ? std::uint64_t{1} << 63U : number_;
  }

 protected:
  /// For the library.
  Limit(bool goes_by_time, std::size_t capacity) noexcept : LimitLine{goes_by_time, capacity} {}

 private:
  template <class> friend class detail::LimitOf;
  template <class, class, class> friend class KeyedLimit;

  // For a limit on a rate.
  steady_time time() const noexcept {
    return goes_by_time() ? detail::Loop::now_here() : steady_time{};
  }

  std::optional<Permit> try_acquire_at(steady_time now, std::size_t cost) {
    require_room_for(cost);
    if (!try_take(now, cost)) return std::nullopt;
    return Permit{*this, cost};
  }

  // The pointer keeps the limit, where that is needed.
  template <class = detail::OnDemand>
  static Async<Permit> acquire_from(std::shared_ptr<Limit>, Limit& limit, LimitUse use) {
    if (limit.try_take(limit.time(), use.cost)) co_return Permit{limit, use.cost};
    Async<Permit> waits = wait_for_room(limit, use);
    co_return co_await std::move(waits);
  }
  // A frame of its own: that of a caller that need not wait stays small.
  template <class = detail::OnDemand>
  static Async<Permit> wait_for_room(Limit& limit, LimitUse use) {
    detail::LimitWaiter waiter{limit, use.cost, use.max_wait};
    detail::WaitForRoom wait{waiter};  // NOLINT(misc-const-correctness): it is moved
    co_await std::move(wait);
    if (!waiter.take()) throw_no_room(limit, use, waiter.rest());
    co_return Permit{limit, use.cost};
  }

  [[noreturn]] static void throw_no_room(const Limit& limit, const LimitUse& use,
                                         std::optional<Duration> rest) {
    std::string text = "The " + limit.describe() + " has no room for a cost of " +
                       std::to_string(use.cost) + " within " +
                       detail::duration_text(use.max_wait.value_or(Duration::zero()));
    if (!rest) throw Error{Errc::RateLimited, std::move(text)};
    text.append(": it has in ").append(detail::duration_text(*rest));
    throw RetryAfter{*rest, Errc::RateLimited, std::move(text)};
  }

  static inline std::atomic<std::uint64_t> last_number_{0};
  const std::uint64_t number_ = last_number_.fetch_add(1, std::memory_order_relaxed);
};

namespace detail {

/// A limit with its core, see `PermitCount`.
template <class Core> class LimitOf final : public Limit {
 public:
  static std::shared_ptr<Limit> make(Core core) {
    return std::shared_ptr<Limit>{new LimitOf{std::move(core)}, Retire{}};
  }
  std::string describe() const override { return core_.describe(); }

 private:
  struct Retire {
    void operator()(Limit* limit) const { limit->retire(); }
  };

  explicit LimitOf(Core&& core) noexcept
      : Limit{Core::goes_by_time, core.capacity()}, core_{std::move(core)} {}
  ~LimitOf() override = default;

  bool take(steady_time now, std::size_t cost) noexcept override { return core_.take(now, cost); }
  steady_time due(steady_time now, Wide ahead, std::size_t cost) const noexcept override {
    return core_.due(now, ahead, cost);
  }
  void give_back(std::size_t cost) noexcept override { core_.give_back(cost); }
  bool is_fresh(steady_time now) noexcept override { return core_.is_fresh(now); }
  void grant_begins() noexcept override { core_.grant_begins(); }
  void grant_ends() noexcept override { core_.grant_ends(); }
  void undo(steady_time now, const Grant& grant) noexcept override { core_.undo(now, grant); }

  Core core_;
};

}  // namespace detail
}  // namespace cano
