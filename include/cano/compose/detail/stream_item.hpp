// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/compose/detail/branch_definition.hpp>
#include <cano/compose/detail/branch_slot.hpp>
#include <cano/compose/detail/branch_work.hpp>
#include <cano/compose/detail/stream_types.hpp>
#include <cano/compose/stream_options.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/engine/detail/run_part.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/run_options.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/orchestrate.hpp>

namespace cano::detail {

/// In the place of a function that was not given.
struct NoFunction {};

/// The place of an item: the store of the run, and its place in the stream.
template <class Store> struct ItemPlace {
  Store* store;
  std::size_t index;
};

/// The work on the items of a stream, and what becomes of those that fail.
template <class Store, class Work, class Skipped, class Item, class Value> class StreamItem {
 public:
  using Returned = ItemWorkReturns<Work, Store, Item>;
  using Slot = ItemSlot<Value, Store, Item>;
  using Values = std::vector<Value>;
  using Place = ItemPlace<Store>;

  StreamItem(const std::string& name, Work work, Skipped on_skipped, const ItemErrors& errors)
      : work_{std::move(work)}, on_skipped_{std::move(on_skipped)}, skips_{errors.skips()} {
    if (!errors.retry()) return;
    retried_ = define_branch<Slot>(name, BranchTask<Work, Slot>{work_},
                                   TaskConfig{}.with_retry(*errors.retry()));
  }

  /// Whether the work is a call, which neither waits nor is retried.
  bool is_at_once() const noexcept { return !is_awaitable<Returned> && !retried_; }

  /// Where it is a call: adds what that gives to the values, or returns what it failed with.
  Failure call_at_once(Place place, const Item& item, Values& values, TaskContext& context) const {
    Failure failure;
    if constexpr (!is_awaitable<Returned>) {
      if (retried_) return failure;
      const auto work = [&]() -> decltype(auto) { return called(place, item, context); };
      call_catching([&] { values.push_back(value_of_call(work)); },
                    [&](Failure&& thrown) { failure = std::move(thrown); });
    }
    return failure;
  }

  /// The rest: work that waits or is retried, and what becomes of an item that has failed for good.
  ///
  /// **Errors.** The failure, unless the item is left out; what the function throws that gets it
  /// then.
  Async<void> go_on(Place place, const Item& item, Values& values, Failure failure,
                    TaskContext& context) const {
    if (!is_at_once()) {
      auto work = run(place, item, values, context);
      failure = co_await std::move(work);
      Environment& environment = co_await ThisEnvironment{};
      environment.throw_if_aborted();
    }
    if (!failure) co_return;
    if (!skips_) failure.raise();
    auto skipping = skip(place, item, failure, context);
    co_await std::move(skipping);
  }

 private:
  decltype(auto) called(Place place, const Item& item, TaskContext& context) const {
    if constexpr (takes_store<Work, Store, Item>) {
      return call(the_object_itself, context, work_, *place.store, item);
    } else {
      return call(the_object_itself, context, work_, item);
    }
  }

  // What it failed with, if it did.
  Async<Failure> run(Place place, const Item& item, Values& values, TaskContext& context) const {
    if (retried_) {
      auto retried = run_retried(place, item, values, context);
      co_return co_await std::move(retried);
    }
    if constexpr (is_awaitable<Returned>) {
      try {
        auto work = called(place, item, context);
        if constexpr (std::is_void_v<AwaitedT<Returned>>) {
          co_await std::move(work);
          values.emplace_back();
        } else {
          values.push_back(value_of<Returned>(co_await std::move(work)));
        }
      } catch (...) {
        co_return caught_failure();
      }
    }
    co_return Failure{};
  }

  Async<void> skip(Place place, const Item& item, const Failure& failure,
                   TaskContext& context) const {
    if constexpr (std::same_as<Skipped, NoFunction>) {
      context.log(Level::Warn, "stream: an item was skipped", Field{"item", place.index},
                  Field{"error", failure.message()});
    } else {
      const std::exception_ptr error = failure.as_exception();
      const auto keep = [&]() -> decltype(auto) {
        return call(the_object_itself, context, on_skipped_, *place.store, item, error);
      };
      if constexpr (is_awaitable<decltype(keep())>) {
        auto keeping = keep();
        co_await std::move(keeping);
      } else {
        keep();
      }
    }
    co_return;
  }

  // By a run of its own, whose attempts the policy counts.
  Async<Failure> run_retried(Place place, const Item& item, Values& values,
                             TaskContext& context) const {
    Environment& environment = co_await ThisEnvironment{};
    std::optional<Value> value;
    Slot slot{*place.store, item, value};
    RunOptions no_options;
    AwaitedRun<BranchState, Slot> work{environment, *retried_, slot, no_options, nullptr};
    work.run().part_of(RunAccess::run(context), {RunPart::Kind::Item, place.index});
    co_await work;
    if (work.run().outcome() != Outcome::Success) co_return work.run().take_failure();
    values.push_back(std::move(*value));
    co_return Failure{};
  }

  Work work_;
  Skipped on_skipped_;
  bool skips_;
  std::shared_ptr<const Definition<BranchState, Slot>> retried_;  // null: it is not
};

}  // namespace cano::detail
