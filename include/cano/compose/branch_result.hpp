// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <cano/duration.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/error.hpp>
#include <cano/outcome.hpp>

namespace cano {

/// How one branch of a `split`, or one item of an `each`, ended, and what it gave.
///
/// `T` is what the work returns, with `Async`, `asio::awaitable` and `Result` taken off;
/// `std::monostate` where it returns nothing.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe to read.
template <class T> class BranchResult {
 public:
  /// One that never started: cancelled.
  BranchResult() = default;
  /// What the engine makes.
  explicit BranchResult(std::size_t index, std::string name = {})
      : index_{index}, name_{std::move(name)} {}

  /// Its place among the branches, from 0.
  std::size_t index() const noexcept { return index_; }
  /// As `branch` was given it, or "branch 0"; for an item "item 0".
  std::string name() const { return name_.empty() ? "item " + std::to_string(index_) : name_; }

  /// How it ended. Cancelled are those too that never started.
  Outcome outcome() const noexcept { return outcome_; }
  /// Whether it has given a value.
  bool is_success() const noexcept { return outcome_ == Outcome::Success; }
  /// Whether its last attempt failed.
  bool is_failed() const noexcept { return outcome_ == Outcome::Failed; }
  /// Whether it was cancelled, or never started.
  bool is_cancelled() const noexcept { return outcome_ == Outcome::Cancelled; }

  /// What it gave; may be moved out of an lvalue.
  ///
  /// **Errors.** Throws what the branch failed with, or `Error(Cancelled)`.
  T& value() & {
    require_value();
    return *value_;
  }
  /// @overload
  const T& value() const& {
    require_value();
    return *value_;
  }
  /// @overload
  T&& value() && {
    require_value();
    return std::move(*value_);
  }

  /// The exception of its last attempt; null for a success and for one that never started.
  std::exception_ptr error() const { return failure_.as_exception(); }
  /// What that exception says; empty where there is none.
  std::string error_message() const { return failure_.message(); }

  /// How many attempts were made; 0 for one that never started.
  std::size_t attempts() const noexcept { return attempts_; }
  /// The time from its start to its end, pauses included.
  Duration elapsed() const noexcept { return elapsed_; }

  /// For the library: where the work puts what it gives.
  std::optional<T>& slot() noexcept { return value_; }
  /// For the library: how it ended.
  void ended(Outcome outcome, detail::Failure&& failure, std::size_t attempts, Duration elapsed) {
    outcome_ = outcome;
    failure_ = std::move(failure);
    attempts_ = attempts;
    elapsed_ = elapsed;
    if (outcome != Outcome::Success) value_.reset();
  }

 private:
  void require_value() const {
    if (value_) [[likely]]
      return;
    if (failure_) failure_.raise();
    throw Error{Errc::Cancelled, "The branch " + name() + " was cancelled and has no value"};
  }

  std::size_t index_ = 0;
  std::string name_;
  Outcome outcome_ = Outcome::Cancelled;
  std::optional<T> value_;
  detail::Failure failure_;
  std::size_t attempts_ = 0;
  Duration elapsed_{};
};

}  // namespace cano
