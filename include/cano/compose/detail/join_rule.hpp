// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace cano::detail {

/// Decides when enough branches have ended: counts how they end, and says as early as possible
/// whether the join holds. Pure.
class JoinRule {
 public:
  enum class Kind : std::uint8_t { All, Any, Quorum, Fraction, First, Settled };

  /// `total` branches, of which `needed` must have succeeded; for `First` and `Settled` they must
  /// have ended, however.
  JoinRule(Kind kind, std::size_t needed, std::size_t total) noexcept
      : kind_{kind}, needed_{needed}, total_{total} {}

  void succeeded() noexcept { ++succeeded_; }
  void failed() noexcept { ++failed_; }

  /// Whether the join holds with what has ended by now.
  bool holds() const noexcept { return kind_ == Kind::Settled || counted() >= needed_; }
  /// Whether no branch that still runs can change `holds()`.
  bool is_decided() const noexcept {
    if (kind_ == Kind::Settled) return ended() == total_;
    return counted() >= needed_ || counted() + (total_ - ended()) < needed_;
  }

  std::size_t total() const noexcept { return total_; }
  std::size_t needed() const noexcept { return needed_; }
  std::size_t ended() const noexcept { return succeeded_ + failed_; }
  std::size_t successes() const noexcept { return succeeded_; }

 private:
  std::size_t counted() const noexcept { return kind_ == Kind::First ? ended() : succeeded_; }

  Kind kind_;
  std::size_t needed_;
  std::size_t total_;
  std::size_t succeeded_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace cano::detail
