// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include <cano/duration.hpp>
#include <cano/error.hpp>

namespace cano {

namespace detail {

/// Mixes the bits of a number so that each depends on all (the finaliser of SplitMix64).
constexpr std::uint64_t mix_bits(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

/// A hash of the text that is the same on every platform (64-bit FNV-1a, mixed).
constexpr std::uint64_t stable_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return mix_bits(hash);
}

}  // namespace detail

/// Lets a job run somewhat later than it is due, so that jobs that are due together do not all
/// start at once.
///
/// Never earlier, and never as late as the job's next occurrence.
///
///     ScheduleOptions options{.spread = Spread::hashed(5min)};
///
/// **Threads.** Distinct objects: safe. Shared objects: safe to read.
class Spread {
 public:
  /// Which of the kinds.
  enum class Kind {
    None,    ///< `Spread{}`.
    Random,  ///< `Spread::random(max)`.
    Hashed,  ///< `Spread::hashed(max)`.
  };

  /// No delay.
  constexpr Spread() noexcept = default;

  /// Up to `max` later, another time at each occurrence.
  ///
  /// **Errors.** `Error(Configuration)` when it is negative.
  template <class Rep, class Period>
  static constexpr Spread random(std::chrono::duration<Rep, Period> max) {
    return Spread{Kind::Random, detail::to_duration(max)};
  }

  /// Up to `max` later, by a share of it that follows from the job's id: each time the same, on
  /// every machine and platform.
  ///
  /// **Errors.** `Error(Configuration)` when it is negative.
  template <class Rep, class Period>
  static constexpr Spread hashed(std::chrono::duration<Rep, Period> max) {
    return Spread{Kind::Hashed, detail::to_duration(max)};
  }

  /// Which kind it is.
  constexpr Kind kind() const noexcept { return kind_; }

  /// The longest delay.
  constexpr Duration max() const noexcept { return max_; }

  /// Whether both are the same kind with the same maximum.
  friend constexpr bool operator==(const Spread&, const Spread&) = default;

 private:
  constexpr Spread(Kind kind, Duration max) : kind_{kind}, max_{max} {
    if (max < Duration::zero()) {
      throw Error{Errc::Configuration, "Spread: the longest delay must not be negative"};
    }
  }

  Kind kind_ = Kind::None;
  Duration max_{};
};

}  // namespace cano
