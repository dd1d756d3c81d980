// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <optional>
#include <ratio>
#include <string>
#include <type_traits>
#include <utility>

#include <cano/detail/random_bits.hpp>
#include <cano/detail/unlimited.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/retry_rules.hpp>
#include <cano/error.hpp>
#include <cano/jitter.hpp>  // IWYU pragma: export

namespace cano {

class TaskConfig;

/// Whether, and after what delay, a failed attempt is tried again.
///
/// A plain value that counts retries, not attempts: `fixed(2, 50ms)` is three attempts,
/// `fixed(unlimited, 50ms)` never ends. Delays are any `std::chrono` duration: `0.25s`, `500us`.
///
///     const auto policy = RetryPolicy::exponential(5).with_jitter(Jitter::Full);
///
/// What is retried by default is everything but cancellation, `std::logic_error`, what
/// nlohmann_json throws for a value of another type or one that is missing, and an `Error` of kind
/// `Configuration`, `Workflow`, `KeyNotFound`, `TypeMismatch` or `AppendTypeMismatch`. An exception
/// that carries another (`std::throw_with_nested`; what Asio's `&&` and `||` throw) is retried when
/// both are worth it. `retry_if` decides otherwise.
///
/// **Errors.** A number that is negative, not finite, or a time beyond the range of `Duration` (292
/// years) throws `Error(Configuration)` when the policy is made. So does every count that a
/// negative number converts to.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe to read, if the functions given to
/// `retry_if` and `with_delay_from` are.
class RetryPolicy {
 public:
  /// A unit of time that is handy for delays.
  using milliseconds = std::chrono::milliseconds;
  /// Decides of an exception whether it is worth another attempt.
  using Predicate = detail::RetryRules::Predicate;
  /// Reads from an exception how long to wait before the next attempt.
  using DelayFrom = detail::RetryRules::DelayFrom;

  /// In place of a number of retries: for ever.
  static constexpr std::size_t unlimited = detail::unlimited;

  /// One attempt.
  static RetryPolicy none() { return RetryPolicy{0, Duration{}, 1.0, Duration{}, 0.0}; }

  /// The same delay before every retry.
  static RetryPolicy fixed(std::size_t retries, Duration delay) {
    return RetryPolicy{retries, checked(delay, "delay"), 1.0, delay, 0.0};
  }
  /// @overload
  template <class Rep, class Period>
  static RetryPolicy fixed(std::size_t retries, std::chrono::duration<Rep, Period> delay) {
    return fixed(retries, checked(delay, "delay"));
  }

  /// 100 ms, then twice as long each time, up to 30 s; 10 % jitter.
  static RetryPolicy exponential(std::size_t max_retries) {
    return exponential(max_retries, milliseconds{100}, 2.0, milliseconds{30'000}, 0.1);
  }

  /// `base * multiplier^n` before retry n (from 0), never more than `max_delay`, jitter included.
  ///
  /// `multiplier` is at least 1: delays that shrink would press hardest on what has failed longest.
  /// `jitter` is the share from 0 to 1 for `Jitter::Proportional`. A `base` above `max_delay`
  /// counts as `max_delay`.
  static RetryPolicy exponential(std::size_t max_retries, Duration base, double multiplier,
                                 Duration max_delay, double jitter) {
    return RetryPolicy{max_retries, checked(base, "delay"), multiplier,
                       checked(max_delay, "max delay"), jitter};
  }
  /// @overload
  template <class BaseRep, class BasePeriod, class MaxRep, class MaxPeriod>
  static RetryPolicy exponential(std::size_t max_retries,
                                 std::chrono::duration<BaseRep, BasePeriod> base, double multiplier,
                                 std::chrono::duration<MaxRep, MaxPeriod> max_delay,
                                 double jitter) {
    return RetryPolicy{max_retries, checked(base, "delay"), multiplier,
                       checked(max_delay, "max delay"), jitter};
  }

  /// The same policy with another kind of jitter; a policy starts with `Jitter::Proportional`.
  ///
  /// The cap of a fixed policy is its delay, so `Full` and `Equal` shorten it.
  RetryPolicy with_jitter(Jitter kind) const {
    RetryPolicy changed = *this;
    changed.rules_.kind = kind;
    return changed;
  }

  /// Retries what `worth_it` returns true for, in place of the default rule. An empty function
  /// restores the default rule. Runs that share the policy call it at the same time; one that
  /// throws ends the run with its own exception.
  ///
  /// By the default rule `Errc::Preparation` is retried: what could not be loaded may be there a
  /// moment later. For input that stays wrong throw a `std::invalid_argument`, which is a
  /// `std::logic_error`, or give the task `TaskConfig::minimal()`.
  RetryPolicy retry_if(Predicate worth_it) const {
    RetryPolicy changed = *this;
    changed.rules_.predicate = std::move(worth_it);
    return changed;
  }

  /// Asks `delay` how long to wait after an exception: for one that says when to come back, such as
  /// an HTTP client's with a `Retry-After`. Where it returns nothing, the pause is the one that a
  /// `RetryAfter` names, else the policy's own delay. It is called as the function of `retry_if`
  /// is.
  RetryPolicy with_delay_from(DelayFrom delay) const {
    RetryPolicy changed = *this;
    changed.rules_.delay_from = std::move(delay);
    return changed;
  }

  /// A pause that a failure names is no longer than this; without it, it may be of any length.
  RetryPolicy with_max_retry_after(Duration cap) const {
    RetryPolicy changed = *this;
    changed.rules_.max_retry_after = checked(cap, "max retry-after");
    return changed;
  }
  /// @overload
  template <class Rep, class Period>
  RetryPolicy with_max_retry_after(std::chrono::duration<Rep, Period> cap) const {
    return with_max_retry_after(checked(cap, "max retry-after"));
  }

  /// No retry that would start later than this after the start of the first attempt.
  RetryPolicy with_max_elapsed(Duration limit) const {
    RetryPolicy changed = *this;
    changed.rules_.max_elapsed = checked(limit, "max elapsed time");
    return changed;
  }
  /// @overload
  template <class Rep, class Period>
  RetryPolicy with_max_elapsed(std::chrono::duration<Rep, Period> limit) const {
    return with_max_elapsed(checked(limit, "max elapsed time"));
  }

  /// Retries and the first attempt, at least 1; `unlimited` where there is no end.
  std::size_t max_attempts() const noexcept { return rules_.max_attempts(); }

  /// The limit of `with_max_elapsed`, which the engine keeps.
  std::optional<Duration> max_elapsed() const noexcept { return rules_.max_elapsed; }

  /// The function of `retry_if`; empty for the default rule.
  const Predicate& predicate() const noexcept { return rules_.predicate; }

  /// The function of `with_delay_from`, or an empty one.
  const DelayFrom& delay_from() const noexcept { return rules_.delay_from; }

  /// A pause that a failure names, as this policy takes it.
  Duration capped(Duration named) const noexcept { return rules_.capped(named); }

  /// The pause after attempt `failed` (from 0), or nothing when that was the last one.
  ///
  /// With `Jitter::Decorrelated` it takes the longest delay there can have been as the previous
  /// one.
  std::optional<Duration> delay_for_attempt(std::size_t failed) const {
    return delay_for_attempt(failed, std::nullopt, detail::RandomBits::of_thread());
  }

  /// The same with the delay that this run waited last, for `Jitter::Decorrelated`; nothing at
  /// first.
  std::optional<Duration> delay_for_attempt(std::size_t failed,
                                            std::optional<Duration> previous) const {
    return delay_for_attempt(failed, previous, detail::RandomBits::of_thread());
  }

  /// The same with a random number generator of your own (a `std::uniform_random_bit_generator`):
  /// what repeats, to test with.
  template <detail::RandomBitGenerator Random>
  std::optional<Duration> delay_for_attempt(std::size_t failed, std::optional<Duration> previous,
                                            Random& random) const {
    return rules_.delay_after(failed, previous, random);
  }

  /// For the library: the numbers.
  const detail::RetryRules& rules() const& noexcept { return rules_; }
  /// @overload
  detail::RetryRules&& rules() && noexcept { return std::move(rules_); }

 private:
  friend class TaskConfig;
  explicit RetryPolicy(detail::RetryRules rules) : rules_{std::move(rules)} {}
  RetryPolicy(std::size_t retries, Duration base, double multiplier, Duration max_delay,
              double jitter)
      : rules_{.retries = retries,
               .base = std::min(base, max_delay),
               .cap = max_delay,
               .multiplier = multiplier,
               .jitter = jitter} {
    if (retries > unlimited) {
      throw refused("number of retries", "at least 0 and at most RetryPolicy::unlimited",
                    std::to_string(static_cast<std::ptrdiff_t>(retries)));
    }
    // Written so that NaN fails too.
    if (!(multiplier >= 1.0 && std::isfinite(multiplier))) {
      throw refused("multiplier", "finite and at least 1", to_text(multiplier));
    }
    if (!(jitter >= 0.0 && jitter <= 1.0)) {
      throw refused("jitter", "between 0 and 1", to_text(jitter));
    }
  }

  template <class Rep, class Period>
  static Duration checked(std::chrono::duration<Rep, Period> value, const char* name) {
    const Duration converted = detail::to_duration(value);
    // NOLINTNEXTLINE(misc-const-correctness): of another unit it is changed
    bool is_sound = value >= std::chrono::duration<Rep, Period>::zero();  // not so for NaN
    // Where another unit comes to the end of the range it has gone beyond.
    if constexpr (!std::is_same_v<std::chrono::duration<Rep, Period>, Duration>) {
      is_sound = is_sound && converted != Duration::max();
    }
    if (is_sound) return converted;
    const std::chrono::duration<double, std::milli> ms{value};
    throw refused(name, "between 0 and 292 years", to_text(ms.count()) + " ms");
  }

  static Error refused(std::string name, const std::string& rule, const std::string& number) {
    return Error{Errc::Configuration,
                 "RetryPolicy: the " + std::move(name) + " must be " + rule + ", not " + number};
  }

  static std::string to_text(double number) {
    char text[32];
    return std::string{text, std::to_chars(text, text + sizeof text, number).ptr};
  }

  detail::RetryRules rules_;
};

}  // namespace cano
