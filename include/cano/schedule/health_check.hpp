// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace cano {

/// Asked before a scheduled job runs whether that makes sense now: is the disk there, is the server
/// up. When it says no, the occurrence is skipped with `SkipReason::Unhealthy`.
///
/// Anything that can be called with nothing and returns a `bool`. Copies share it.
///
///     ScheduleOptions options{.health = [&] { return database.is_up(); }};
///
/// **Errors.** What it throws counts as a no, and is the job's `FlowInfo::last_error`.
/// **Threads.** It is called where the scheduler works, one call at a time for each job, not while
/// the scheduler holds a lock. It should return at once.
class HealthCheck {
 public:
  /// None: always healthy.
  HealthCheck() noexcept = default;

  /// Asks `check`.
  template <class Check>
    requires(!std::same_as<std::remove_cvref_t<Check>, HealthCheck> &&
             std::predicate<std::decay_t<Check>&>)
  HealthCheck(Check&& check)
      : check_{std::make_shared<Holder<std::decay_t<Check>>>(std::forward<Check>(check))} {}

  /// Whether there is anything to ask.
  explicit operator bool() const noexcept { return check_ != nullptr; }

  /// Asks; true when there is nothing to ask.
  bool operator()() const { return !check_ || check_->ask(); }

 private:
  struct Asked {
    Asked() = default;
    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;
    virtual ~Asked() = default;
    virtual bool ask() = 0;
  };

  template <class Check> struct Holder final : Asked {
    // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): Asked is not copied
    template <class From> explicit Holder(From&& from) : check(std::forward<From>(from)) {}
    bool ask() override { return static_cast<bool>(check()); }
    Check check;
  };

  std::shared_ptr<Asked> check_;
};

}  // namespace cano
