// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <cano/compose/detail/join_rule.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>

namespace cano {

/// When the branches of a `split`, or the items of an `each`, are enough to go on.
///
///     Join::all()                    // each has succeeded; fails with the first failure
///     Join::quorum(2).within(200ms)  // two have succeeded in time
///
/// A join returns at the earliest moment at which it holds, or can no longer hold. The branches
/// that are left are cancelled then, and have ended before the run goes on. One that does not hold
/// fails with `Error(JoinFailed)`.
///
/// Without branches `all` and `settled` hold, the others fail.
///
/// **Errors.** `Error(Configuration)` for a number or a share that no branches can satisfy: at once
/// where it is given, or where the number of branches is known.
/// **Threads.** Distinct objects: safe. Shared objects: safe to read.
class Join {
 public:
  /// Each has succeeded.
  static Join all() { return Join{Kind::All, 0, 0}; }
  /// One has succeeded.
  static Join any() { return Join{Kind::Any, 1, 0}; }
  /// So many have succeeded; at least 1.
  static Join quorum(std::size_t successes) { return Join{Kind::Quorum, positive(successes), 0}; }
  /// So many have ended, however; at least 1.
  static Join first(std::size_t ended) { return Join{Kind::First, positive(ended), 0}; }
  /// That share of all has succeeded, rounded up: 0 < share <= 1.
  static Join fraction(double share) {
    if (!(share > 0 && share <= 1)) {
      throw Error{Errc::Configuration,
                  "Join::fraction: the share must be in (0, 1], not " + std::to_string(share)};
    }
    return Join{Kind::Fraction, 0, share};
  }
  /// All have ended. Always holds.
  static Join settled() { return Join{Kind::Settled, 0, 0}; }

  /// Waits at most that long; then what has ended counts, and the rest is cancelled. A branch that
  /// ends at that very moment still counts.
  [[nodiscard]] Join within(Duration limit) const {
    if (limit <= Duration::zero()) {
      throw Error{Errc::Configuration, "Join::within: the limit must be positive, not " +
                                           std::to_string(limit.count()) + " ns"};
    }
    Join changed = *this;
    changed.limit_ = limit;
    return changed;
  }
  /// @overload
  template <class Rep, class Period>
  [[nodiscard]] Join within(std::chrono::duration<Rep, Period> limit) const {
    return within(detail::to_duration(limit));
  }
  /// Decides only when all branches have ended: none is cancelled because others were enough, or
  /// because they no longer can be.
  [[nodiscard]] Join keep_going() const {
    Join changed = *this;
    changed.keeps_going_ = true;
    return changed;
  }

  /// The limit of `within`.
  std::optional<Duration> limit() const noexcept { return limit_; }
  /// Whether `keep_going` was asked for.
  bool keeps_going() const noexcept { return keeps_going_; }

  /// "all", "any", "quorum(2)", "fraction(0.5)", "first(3)" or "settled".
  std::string text() const {
    switch (kind_) {
      case Kind::All:
        return "all";
      case Kind::Any:
        return "any";
      case Kind::Quorum:
        return "quorum(" + std::to_string(needed_) + ')';
      case Kind::First:
        return "first(" + std::to_string(needed_) + ')';
      case Kind::Fraction: {
        std::string share = std::to_string(share_);
        share.erase(share.find_last_not_of('0') + 1);
        if (share.back() == '.') share += '0';
        return "fraction(" + share + ')';
      }
      case Kind::Settled:
        break;
    }
    return "settled";
  }

  /// For the library: the rule for so many branches.
  ///
  /// **Errors.** `Error(Configuration)` when they are fewer than it needs, but not none.
  detail::JoinRule rule(std::size_t branches) const {
    std::size_t needed = needed_;
    if (kind_ == Kind::All || kind_ == Kind::Settled) needed = branches;
    if (kind_ == Kind::Fraction) needed = share_of(branches);
    if (branches > 0 && needed > branches) {
      throw Error{Errc::Configuration, "Join::" + text() + ": there are only " +
                                           std::to_string(branches) +
                                           (branches == 1 ? " branch" : " branches")};
    }
    return detail::JoinRule{kind_, needed, branches};
  }

 private:
  using Kind = detail::JoinRule::Kind;

  Join(Kind kind, std::size_t needed, double share) noexcept
      : kind_{kind}, needed_{needed}, share_{share} {}

  static std::size_t positive(std::size_t count) {
    if (count > 0 && count <= static_cast<std::size_t>(PTRDIFF_MAX)) return count;
    throw Error{Errc::Configuration, "Join: the number of branches must be at least 1, not " +
                                         std::to_string(static_cast<std::ptrdiff_t>(count))};
  }

  // Of 3 branches 2/3 are 2, although 3 * 2/3 as a double may be a little more.
  std::size_t share_of(std::size_t branches) const {
    const double exact = share_ * static_cast<double>(branches);
    const double nearest = std::round(exact);
    const double needed = std::abs(exact - nearest) < 1e-9 * exact ? nearest : std::ceil(exact);
    return needed < 1 ? 1 : static_cast<std::size_t>(needed);
  }

  Kind kind_;
  bool keeps_going_ = false;
  std::size_t needed_;
  double share_;
  std::optional<Duration> limit_;
};

}  // namespace cano
