// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <cano/duration.hpp>
#include <cano/error.hpp>

namespace cano {

/// How a delay `d` is spread at random, so that clients that failed together do not come back
/// together. None of them exceeds the cap, and none makes 0 of a delay that is not.
///
/// `Full`, `Equal` and `Decorrelated` are those of Marc Brooker, "Exponential Backoff And Jitter",
/// AWS Architecture Blog, 2015:
/// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
enum class Jitter {
  Proportional,  ///< Within the policy's share of `d` around it: 0.1 is 90 % to 110 %.
  Full,          ///< Anything up to `d`: spreads the load best.
  Equal,         ///< Half of `d`, and anything up to the other half.
  Decorrelated,  ///< From the base to three times the previous delay; does not look at `d`.
};

/// Whether, and after what delay, a failed attempt is tried again.
///
/// A plain value: making one decides every number, asking it for a delay only draws at random. It
/// counts retries, not attempts: `fixed(2, 50ms)` is three attempts.
///
///     const auto policy = RetryPolicy::exponential(5).with_jitter(Jitter::Full);
///
/// **Errors.** A number that is negative, not finite, or a time beyond the range of `Duration` (292
/// years) throws `Error(Configuration)` when the policy is made.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe to read, if the function given to
/// `retry_if` is.
class RetryPolicy {
 public:
  /// The unit of delays.
  using milliseconds = std::chrono::milliseconds;
  /// Decides of an exception whether it is worth another attempt.
  using Predicate = std::function<bool(const std::exception_ptr&)>;

  /// One attempt.
  static RetryPolicy none() { return RetryPolicy{0, milliseconds{0}, 1.0, milliseconds{0}, 0.0}; }

  /// The same delay before every retry.
  static RetryPolicy fixed(std::size_t retries, milliseconds delay) {
    return RetryPolicy{retries, delay, 1.0, delay, 0.0};
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
  static RetryPolicy exponential(std::size_t max_retries, milliseconds base, double multiplier,
                                 milliseconds max_delay, double jitter) {
    return RetryPolicy{max_retries, base, multiplier, max_delay, jitter};
  }

  /// The same policy with another kind of jitter; a policy starts with `Jitter::Proportional`.
  ///
  /// The cap of a fixed policy is its delay, so `Full` and `Equal` shorten it.
  RetryPolicy with_jitter(Jitter kind) const {
    RetryPolicy changed = *this;
    changed.kind_ = kind;
    return changed;
  }

  /// Retries what `worth_it` returns true for, in place of the default rule: everything but
  /// cancellation, `std::logic_error` and an `Error` of kind `Configuration`, `Workflow`,
  /// `KeyNotFound`, `TypeMismatch` or `AppendTypeMismatch`. An empty function brings the default
  /// rule back. Runs that share the policy call it at the same time.
  ///
  /// By that rule `Errc::Preparation` is retried: what could not be loaded may be there a moment
  /// later. For input that stays wrong throw a `std::invalid_argument`, which is a
  /// `std::logic_error`, or give the task `TaskConfig::minimal()`.
  RetryPolicy retry_if(Predicate worth_it) const {
    RetryPolicy changed = *this;
    changed.predicate_ = std::move(worth_it);
    return changed;
  }

  /// No retry that would start later than this after the start of the first attempt.
  RetryPolicy with_max_elapsed(milliseconds limit) const {
    RetryPolicy changed = *this;
    changed.max_elapsed_ = checked(limit, "max elapsed time");
    return changed;
  }

  /// Retries and the first attempt; at least 1.
  std::size_t max_attempts() const noexcept { return retries_ + 1; }

  /// The limit of `with_max_elapsed`, which whoever runs the attempts keeps.
  std::optional<milliseconds> max_elapsed() const noexcept { return max_elapsed_; }

  /// The function of `retry_if`; empty for the default rule.
  const Predicate& predicate() const noexcept { return predicate_; }

  /// The pause after attempt `failed` (from 0), or nothing when that was the last one.
  ///
  /// With `Jitter::Decorrelated` it takes the longest delay there can have been as the previous
  /// one.
  std::optional<milliseconds> delay_for_attempt(std::size_t failed) const {
    return delay_for_attempt(failed, std::nullopt, thread_random());
  }

  /// The same with the delay that this run waited last, for `Jitter::Decorrelated`; nothing at
  /// first.
  std::optional<milliseconds> delay_for_attempt(std::size_t failed,
                                                std::optional<milliseconds> previous) const {
    return delay_for_attempt(failed, previous, thread_random());
  }

  /// The same with a random number generator of your own: what repeats, to test with.
  template <std::uniform_random_bit_generator Random>
  std::optional<milliseconds> delay_for_attempt(std::size_t failed,
                                                std::optional<milliseconds> previous,
                                                Random& random) const {
    if (failed >= retries_) return std::nullopt;
    const auto [low, high] = delay_range(failed, previous);
    if (low == high) return milliseconds{low};
    return milliseconds{std::uniform_int_distribution<std::int64_t>{low, high}(random)};
  }

 private:
  struct Range {
    std::int64_t low, high;  // milliseconds, both included
  };

  RetryPolicy(std::size_t retries, milliseconds base, double multiplier, milliseconds max_delay,
              double jitter)
      : retries_{std::min(retries, std::numeric_limits<std::size_t>::max() - 1)},
        base_{checked(base, "delay").count()},
        cap_{checked(max_delay, "max delay").count()},
        multiplier_{multiplier},
        jitter_{jitter} {
    // Written so that NaN fails too.
    if (!(multiplier >= 1.0 && std::isfinite(multiplier))) {
      throw refused("multiplier", "finite and at least 1", to_text(multiplier));
    }
    if (!(jitter >= 0.0 && jitter <= 1.0)) {
      throw refused("jitter", "between 0 and 1", to_text(jitter));
    }
    base_ = std::min(base_, cap_);
  }

  Range delay_range(std::size_t failed, std::optional<milliseconds> previous) const {
    const std::int64_t delay = grown(multiplier_, failed);
    const std::int64_t shortest = std::min<std::int64_t>(delay, 1);
    switch (kind_) {
      case Jitter::Full:
        return {shortest, delay};
      case Jitter::Equal:
        return {std::max(shortest, delay / 2), delay};
      case Jitter::Decorrelated:
        return {base_, decorrelated_high(failed, previous)};
      case Jitter::Proportional:
        break;
    }
    const std::int64_t spread = std::llround(static_cast<double>(delay) * jitter_);
    return {std::max(shortest, delay - spread), std::min(delay + spread, cap_)};
  }

  std::int64_t decorrelated_high(std::size_t failed, std::optional<milliseconds> previous) const {
    if (!previous) return std::max(base_, grown(3.0, failed + 1));
    const std::int64_t last = std::clamp(static_cast<std::int64_t>(previous->count()), base_, cap_);
    return std::min(last * 3, cap_);
  }

  // base * factor^exponent up to the cap; the power may well be infinite.
  std::int64_t grown(double factor, std::size_t exponent) const {
    if (base_ == 0) return 0;
    const double delay = static_cast<double>(base_) * std::pow(factor, exponent);
    return delay < static_cast<double>(cap_) ? std::llround(delay) : cap_;
  }

  static milliseconds checked(milliseconds value, const char* name) {
    constexpr auto longest = std::chrono::duration_cast<milliseconds>(Duration::max());
    if (value >= milliseconds{0} && value <= longest) return value;
    throw refused(name, "between 0 and " + std::to_string(longest.count()) + " ms",
                  std::to_string(value.count()) + " ms");
  }

  static Error refused(std::string name, const std::string& rule, const std::string& number) {
    return Error{Errc::Configuration, "The " + std::move(name) + " of a retry policy must be " +
                                          rule + ", not " + number};
  }

  static std::string to_text(double number) {
    char text[32];
    return std::string{text, std::to_chars(text, text + sizeof text, number).ptr};
  }

  static std::minstd_rand& thread_random() {
    thread_local std::minstd_rand random{std::random_device{}()};
    return random;
  }

  std::size_t retries_;
  std::int64_t base_, cap_;  // milliseconds
  double multiplier_, jitter_;
  Jitter kind_ = Jitter::Proportional;
  std::optional<milliseconds> max_elapsed_;
  Predicate predicate_;
};

}  // namespace cano
