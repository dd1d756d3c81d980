// SPDX-License-Identifier: MIT
#pragma once

// resource/: connections and the like that runs share, set up first and torn down last.

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/parallel_wait.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/resource/detail/resource_entry.hpp>
#include <cano/resource/detail/resource_state.hpp>
#include <cano/resource/health.hpp>
#include <cano/resource/resource_failure.hpp>
#include <cano/resource/resource_options.hpp>
#include <cano/schedule/health_check.hpp>

namespace cano {

/// What runs share that must be set up before and torn down after them, and may have to wait for
/// that: connections, servers, caches. What needs no waiting is better off with constructors and
/// destructors.
///
///     ResourceSet resources;
///     const auto database = resources.add("database", std::make_shared<Database>(url));
///     resources.add("cache", std::make_shared<Cache>(database));
///     ...
///     co_await resources.use(workflow.orchestrate(order));
///
/// A resource is an object with any of the members `set_up()`, `tear_down()` and `health()`, plain
/// or asynchronous. They are set up one after the other, as they were added, when the first user
/// comes; one that comes meanwhile waits. They are torn down the other way round when the last one
/// has gone. When one cannot be set up, those before it are torn down again.
///
/// **Errors.** A resource that cannot be set up: `Error(Preparation)`, which names it and nests
/// what it threw. One that cannot be torn down: the others are torn down all the same, and
/// `take_failures()` returns.
/// **Cancellation.** Setting up is cancelled, and what is up by then torn down. Tearing down is not
/// cut short by a cancellation, only by its own limit.
/// **Threads.** All members are safe from any thread. A resource is set up and torn down on the
/// executor of the first user and of the last.
/// **Lifetime.** Copies share the set. It lives as long as it is used. When an execution
/// context is destroyed its users count no more, but nothing is torn down with it.
class ResourceSet {
 public:
  /// Without resources.
  ResourceSet() : state_{std::make_shared<detail::ResourceState>()} {}

  /// Adds one behind the others, and returns it.
  ///
  /// **Errors.** `Error(Configuration)` for a null pointer, a name that is there already, an option
  /// that is not positive, and while the set is in use.
  template <class T>
  std::shared_ptr<T> add(std::string name, std::shared_ptr<T> resource,
                         ResourceOptions options = {}) {
    static_assert(detail::HasSetUp<T> || detail::HasTearDown<T> || detail::HasHealth<T>,
                  "cano: a resource has a member set_up(), tear_down() or health()");
    if (!resource) refuse(name, "is a null pointer");
    check(name, options);
    insert(std::make_unique<detail::ResourceEntryOf<T>>(std::move(name), resource, options));
    return resource;
  }

  /// Sets up if need be, runs the work, and tears down if the set has no other user. Gives what the
  /// work gives.
  ///
  /// The work is anything that an `Async` may await. It must not be a resource's own set-up.
  ///
  /// **Errors.** What the work throws; and see above.
  template <detail::AwaitedOperand Work> Async<detail::AwaitResult<Work>> use(Work work) const {
    return detail::open_and_use(state_, detail::as_async(std::move(work)));
  }

  /// How many use it.
  std::size_t users() const {
    const std::lock_guard lock{state_->mutex};
    return state_->users;
  }

  /// Asks all resources at once how they are, each at most `ResourceOptions::health_within`. One
  /// without `health()` is healthy; one that throws, or does not answer in time, is unhealthy.
  /// While the set has no user none is up and the report is empty.
  Async<HealthReport> check_health() const { return detail::check_resources(state_); }

  /// The last report since the set was set up; empty when there is none.
  HealthReport last_health() const {
    const std::lock_guard lock{state_->mutex};
    return state_->last_report;
  }

  /// Asks again and again, until it is cancelled: for a `TaskGroup`.
  ///
  ///     group.spawn(resources.watch_health(10s));
  Async<void> watch_health(Duration every) const { return detail::watch_resources(state_, every); }

  /// The resources that could not be torn down since the last call.
  std::vector<ResourceFailure> take_failures() const {
    const std::lock_guard lock{state_->mutex};
    return std::exchange(state_->failures, {});
  }

 private:
  [[noreturn]] static void refuse(const std::string& name, const char* why) {
    throw Error{Errc::Configuration, "resources: " + name + ' ' + why};
  }
  static void check(const std::string& name, const ResourceOptions& options) {
    const bool is_positive = options.set_up_within.value_or(Duration{1}) > Duration::zero() &&
                             options.tear_down_within > Duration::zero() &&
                             options.health_within > Duration::zero();
    if (!is_positive) refuse(name, "has a limit that is not positive");
  }
  void insert(std::unique_ptr<detail::ResourceEntry> entry) {
    const auto turn = state_->turn->try_acquire();  // no set-up or tear-down is under way
    const std::lock_guard lock{state_->mutex};
    if (!turn || state_->users != 0) refuse(entry->name(), "is added while the set is in use");
    for (const auto& each : state_->entries)
      if (each->name() == entry->name()) refuse(entry->name(), "is added twice");
    state_->entries.push_back(std::move(entry));
  }

  detail::ResourceStatePointer state_;
};

/// The health check of a scheduled job that needs these resources: no while the last report says
/// that one of them is unhealthy. It does not ask them itself, since a scheduler does not wait: let
/// `watch_health` do that.
///
///     group.spawn(resources.watch_health(10s));
///     scheduler.every("import", import, 1min, {.health = health_check_of(resources)});
inline HealthCheck health_check_of(ResourceSet resources) {
  return [kept = std::move(resources)] { return kept.last_health().works(); };
}

}  // namespace cano
