// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/awaitable.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/async/detail/shielded.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/timeout.hpp>
#include <cano/async/when_all.hpp>
#include <cano/detail/exception_text.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/limit/concurrency_limit.hpp>
#include <cano/limit/limit.hpp>
#include <cano/resource/detail/resource_entry.hpp>
#include <cano/resource/health.hpp>
#include <cano/resource/resource_failure.hpp>

namespace cano::detail {

/// The resources of a set, with how many use them.
struct ResourceState {
  // Held to set up and to tear down, which is done by one caller at a time.
  std::shared_ptr<Limit> turn = concurrency_limit(1);

  mutable std::mutex mutex{};  // guards what follows; never held in a call of a resource's
  std::vector<std::unique_ptr<ResourceEntry>> entries{};  // changed only while `users` is 0
  std::size_t users = 0;
  std::vector<ResourceFailure> failures{};
  HealthReport last_report{};
};
using ResourceStatePointer = std::shared_ptr<ResourceState>;

template <class T> Async<T> limited(Async<T> work, std::optional<Duration> limit) {
  return limit ? timeout(*limit, std::move(work)) : std::move(work);
}

[[noreturn]] inline void throw_around(std::exception_ptr failure, Errc code, std::string text) {
  text += ": " + exception_text(failure);
  try {
    std::rethrow_exception(std::move(failure));
  } catch (...) {
    std::throw_with_nested(Error{code, std::move(text)});
  }
}

/// Tears down what is up, last first. What fails is kept; the rest is torn down all the same.
inline Async<void> tear_down_all(ResourceStatePointer state) {
  for (std::size_t left = state->entries.size(); left > 0; --left) {
    ResourceEntry& entry = *state->entries[left - 1];
    if (!entry.is_up()) continue;
    std::exception_ptr thrown;
    try {
      auto work = limited(entry.tear_down(), entry.limits().tear_down_within);
      co_await std::move(work);
    } catch (...) {
      thrown = std::current_exception();
    }
    entry.set_up_is(false);
    if (!thrown) continue;
    const std::lock_guard lock{state->mutex};
    state->failures.push_back({entry.name(), std::move(thrown)});
  }
}

/// Sets up what is not up, in order. When one fails, what is up is torn down.
inline Async<void> set_up_all(ResourceStatePointer state) {
  for (const auto& entry : state->entries) {
    if (entry->is_up()) continue;
    std::exception_ptr thrown;
    try {
      auto work = limited(entry->set_up(), entry->limits().set_up_within);
      co_await std::move(work);
      entry->set_up_is(true);
    } catch (...) {
      thrown = std::current_exception();
    }
    if (!thrown) continue;
    auto undo = shielded(tear_down_all(state));
    co_await std::move(undo);
    const Environment& environment = co_await ThisEnvironment{};
    environment.throw_if_aborted();
    throw_around(std::move(thrown), Errc::Preparation, "resources: cannot set up " + entry->name());
  }
}

/// Counts as a user of the set while it is there. One that is destroyed with its execution context
/// tears nothing down.
class ResourceUser {
 public:
  explicit ResourceUser(ResourceStatePointer state) noexcept : state_{std::move(state)} {}
  ResourceUser(ResourceUser&& other) noexcept : state_{std::move(other.state_)} {}
  ResourceUser& operator=(ResourceUser&&) = delete;
  ~ResourceUser() {
    if (state_) static_cast<void>(leave());
  }

  const ResourceStatePointer& state() const noexcept { return state_; }
  /// Whether it was the last.
  bool leave() {
    const ResourceStatePointer state = std::move(state_);
    const std::lock_guard lock{state->mutex};
    return --state->users == 0;
  }

 private:
  ResourceStatePointer state_;
};

/// One more user, for whom all is up.
inline Async<ResourceUser> open_resources(ResourceStatePointer state) {
  auto waiting = state->turn->acquire();
  const Permit turn = co_await std::move(waiting);
  auto work = set_up_all(state);
  co_await std::move(work);
  const std::lock_guard lock{state->mutex};
  if (state->users++ == 0) state->last_report = {};  // what was just set up is healthy
  co_return ResourceUser{state};
}

/// One user fewer; the last one tears down. To be awaited shielded.
inline Async<void> close_resources(ResourceUser user) {
  const ResourceStatePointer state = user.state();
  auto waiting = state->turn->acquire();
  const Permit turn = co_await std::move(waiting);
  if (!user.leave()) co_return;
  auto work = tear_down_all(state);
  co_await std::move(work);
}

/// Runs work, and closes then.
template <class T> Async<T> use_resources(ResourceUser user, Async<T> work) {
  std::optional<AwaitedValue<T>> value;
  std::exception_ptr thrown;
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(work);
    } else {
      value.emplace(co_await std::move(work));
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  auto closing = shielded(close_resources(std::move(user)));
  co_await std::move(closing);
  if (thrown) std::rethrow_exception(thrown);
  if constexpr (!std::is_void_v<T>) co_return std::move(*value);
}
/// Runs work for which all is up.
template <class T> Async<T> open_and_use(ResourceStatePointer state, Async<T> work) {
  auto opening = open_resources(std::move(state));
  ResourceUser user = co_await std::move(opening);
  auto using_it = use_resources(std::move(user), std::move(work));
  co_return co_await std::move(using_it);
}

inline Async<ResourceHealth> health_of(ResourceEntry& entry) {
  const Environment& environment = co_await ThisEnvironment{};
  const steady_time began = environment.loop().now();
  ResourceHealth health{.name = entry.name()};
  try {
    auto work = limited(entry.health(), entry.limits().health_within);
    const Health answer = co_await std::move(work);
    health.status = answer.status();
    health.message = answer.message();
  } catch (...) {
    health.status = HealthStatus::Unhealthy;
    health.message = exception_text(std::current_exception());
  }
  environment.throw_if_aborted();
  health.elapsed = saturating_between(began, environment.loop().now());
  co_return health;
}

inline Async<HealthReport> ask_all(ResourceStatePointer state) {
  std::vector<Async<ResourceHealth>> questions;
  questions.reserve(state->entries.size());
  for (const auto& entry : state->entries)
    questions.push_back(health_of(*entry));
  auto all = when_all(std::move(questions));
  HealthReport report;
  report.resources = co_await std::move(all);
  const std::lock_guard lock{state->mutex};
  state->last_report = report;
  co_return report;
}

/// Asks those that are up how they are, all at once. The caller counts as a user, so that nothing
/// is torn down meanwhile.
inline Async<HealthReport> check_resources(ResourceStatePointer state) {
  {
    const std::lock_guard lock{state->mutex};
    if (state->users == 0) co_return HealthReport{};
    ++state->users;
  }
  ResourceUser user{state};
  auto asking = use_resources(std::move(user), ask_all(std::move(state)));
  co_return co_await std::move(asking);
}

inline Async<void> watch_resources(ResourceStatePointer state, Duration every) {
  for (;;) {
    auto checking = check_resources(state);
    co_await std::move(checking);
    auto pause = sleep_for(every);
    co_await std::move(pause);
  }
}

}  // namespace cano::detail
