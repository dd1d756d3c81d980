// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>

#if defined(__linux__)
#include <unistd.h>
#elif defined(__APPLE__)
#include <sys/random.h>
#endif

namespace cano::detail {

/// A random number generator: what `std::uniform_random_bit_generator` asks for. It is in
/// <random>, one of the largest headers of the standard library.
template <class G>
concept RandomBitGenerator = requires(G& generator) {
  { G::min() } -> std::same_as<typename G::result_type>;
  { G::max() } -> std::same_as<typename G::result_type>;
  { generator() } -> std::same_as<typename G::result_type>;
} && std::unsigned_integral<typename G::result_type>;

/// 64 bits from the system, or what differs from process to process where it has none to give.
inline std::uint64_t system_entropy() noexcept {
  std::uint64_t bits = 0;
#if defined(__linux__) || defined(__APPLE__)
  if (getentropy(&bits, sizeof bits) == 0) return bits;
#endif
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return static_cast<std::uint64_t>(now) ^ reinterpret_cast<std::uintptr_t>(&bits);
}

/// SplitMix64: a generator of one word, for what must differ but need not be secret (Steele, Lea
/// and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
class RandomBits {
 public:
  using result_type = std::uint64_t;

  explicit RandomBits(std::uint64_t seed) noexcept : state_{seed} {}

  static constexpr std::uint64_t min() noexcept { return 0; }
  static constexpr std::uint64_t max() noexcept {
    return std::numeric_limits<std::uint64_t>::max();
  }
  std::uint64_t operator()() noexcept {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t bits = state_;
    bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebU;
    return bits ^ (bits >> 31U);
  }

  /// The generator of the calling thread.
  static RandomBits& of_thread() noexcept {
    thread_local RandomBits bits{system_entropy()};
    return bits;
  }

 private:
  std::uint64_t state_;
};

/// A number from 0 to below 1, of at least 53 random bits.
template <RandomBitGenerator Random> double random_share(Random& random) {
  constexpr double values = static_cast<double>(Random::max() - Random::min()) + 1.0;
  double share = 0.0;
  double weight = 1.0;
  while (weight > 0x1p-53) {
    weight /= values;
    share += static_cast<double>(random() - Random::min()) * weight;
  }
  return share;
}

/// A number from `low` to `high`, both included; `low` is the smaller one and not negative.
template <RandomBitGenerator Random>
std::int64_t random_between(std::int64_t low, std::int64_t high, Random& random) {
  const std::int64_t width = high - low;
  const double drawn = random_share(random) * (static_cast<double>(width) + 1.0);
  // The product may round up to what is behind the end.
  if (drawn >= static_cast<double>(width)) return high;
  return low + static_cast<std::int64_t>(drawn);
}

}  // namespace cano::detail
