// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/awaitable.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/outer_run_source.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/async/detail/root_environment.hpp>
#include <cano/async/detail/start.hpp>
#include <cano/observe/detail/outer_run.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_context.hpp>

namespace cano::detail {

/// The states of a branch, which is a run of one task.
enum class BranchState : std::uint8_t { Work, Done };

/// The value that a function gives, with the coroutine and the `Result` taken off.
template <class Returned>
using BranchValue = std::conditional_t<std::is_void_v<UnwrappedT<AwaitedT<Returned>>>,
                                       std::monostate, UnwrappedT<AwaitedT<Returned>>>;

/// The type of the value of a `std::optional`; of anything else, that itself.
template <class T> struct OptionalTraits : std::false_type {
  using value_type = T;
};
template <class T> struct OptionalTraits<std::optional<T>> : std::true_type {
  using value_type = T;
};

/// Puts what the work gave where the branch's result is; a `Result` with an error fails the
/// attempt.
template <class Value, class Returned>
BranchState keep_value(std::optional<Value>& slot, Returned&& returned, TaskContext& context) {
  if constexpr (is_result<Returned>) {
    if (returned.has_error()) {
      RunAccess::run(context).fail(std::forward<Returned>(returned).error());
      return BranchState::Done;
    }
    if constexpr (std::is_void_v<UnwrappedT<Returned>>) {
      slot.emplace();
    } else {
      slot.emplace(*std::forward<Returned>(returned));
    }
  } else {
    slot.emplace(std::forward<Returned>(returned));
  }
  return BranchState::Done;
}

/// Calls the work, which gives its value at once.
template <class Slot, class Call>
BranchState work_plain(Slot& slot, TaskContext& context, Call call) {
  if constexpr (std::is_void_v<decltype(call())>) {
    call();
    slot.emplace();
    return BranchState::Done;
  } else {
    return keep_value(slot, call(), context);
  }
}

/// The same for a coroutine, of either type.
template <class Coroutine, class Slot, class Work>
Coroutine work_awaited(Slot& slot, TaskContext& context, Work work) {
  if constexpr (std::is_void_v<AwaitedT<Work>>) {
    co_await std::move(work);
    slot.emplace();
    co_return BranchState::Done;
  } else {
    auto returned = co_await std::move(work);
    co_return keep_value(slot, std::move(returned), context);
  }
}

/// Keeps what a call gives, whether it is a value, an `Async` or an `asio::awaitable`. Returns a
/// `BranchState` in the same.
template <class Value, class Call>
auto keep_what_is_called(std::optional<Value>& slot, TaskContext& context, Call call) {
  using Returned = std::remove_cvref_t<decltype(call())>;
  if constexpr (!is_awaitable<Returned>) {
    return work_plain(slot, context, std::move(call));
  } else {
    using Coroutine = std::conditional_t<is_asio_awaitable<Returned>, asio::awaitable<BranchState>,
                                         Async<BranchState>>;
    return work_awaited<Coroutine>(slot, context, call());
  }
}

/// A place for branches: the executor of the run.
struct OnRun {};
/// A place for branches: the shards of a runtime.
struct OnShards {
  Runtime* runtime;

  // What a context makes when it is asked for the first time would be a race on a shard.
  static void complete(const TaskContext& context) {
    static_cast<void>(context.stop_token());
    static_cast<void>(context.run_id());
  }
};

/// The run of a branch, for what is started in it on a shard.
class RunOfShardWork final : public OuterRunSource {
 public:
  /// On the loop of the run.
  explicit RunOfShardWork(Environment& here) : is_part_{here.find_outer_run(run_)} {}
  /// On the shard, before the work begins: its root knows of the run.
  void enter(Environment& here) const noexcept {
    if (is_part_) static_cast<RootEnvironment&>(here.root()).set_outer_run(*this);
  }
  void tell(OuterRun& run) const override { run = run_; }

 private:
  OuterRun run_{.wants_id = true};
  bool is_part_;
};

/// Calls a function on a shard of the runtime, and keeps what it gives.
///
/// Not by Asio's co_spawn: with Boost 1.81 that sends a pointer to the other executor when it is
/// cancelled, and what it points to may be gone when that arrives.
template <class Value, class Call>
Async<void> call_into(std::optional<Value>& slot, const RunOfShardWork& run, Call call) {
  using Returned = decltype(call());
  Environment& here = co_await ThisEnvironment{};
  run.enter(here);
  if constexpr (is_awaitable<Returned>) {
    auto work = call();
    if constexpr (std::is_void_v<AwaitedT<Returned>>) {
      co_await std::move(work);
      slot.emplace();
    } else {
      slot.emplace(co_await std::move(work));
    }
  } else if constexpr (std::is_void_v<Returned>) {
    call();
    slot.emplace();
  } else {
    slot.emplace(call());
  }
}
template <class Call>
auto call_on_shard(Runtime& runtime, Call call) -> Async<AwaitedT<decltype(call())>> {
  using Given = AwaitedT<decltype(call())>;
  std::optional<AwaitedValue<Given>> given;
  Environment& here = co_await ThisEnvironment{};
  const RunOfShardWork run{here};
  auto work = call_into(given, run, std::move(call));
  auto started = start(AsyncAccess::coroutine(work), asio::any_io_executor{runtime.get_executor()},
                       asio::deferred);
  co_await std::move(started);
  if constexpr (!std::is_void_v<Given>) co_return std::move(*given);
}

/// A callable or an object with `run`, as the task of a branch.
template <class Work, class Slot> class BranchTask {
 public:
  using Value = typename Slot::Value;

  explicit BranchTask(Work work) : work_{std::move(work)} {}

  auto run(Slot& slot, TaskContext& context) const {
    return keep_what_is_called(slot.value(), context, [this, &slot, &context]() -> decltype(auto) {
      return slot.call(work_, context);
    });
  }

 private:
  Work work_;
};

/// A `BranchTask` on the shards of a runtime. Only the call itself is there.
template <class Work, class Slot> class ShardTask {
 public:
  using Value = typename Slot::Value;

  ShardTask(Work work, OnShards place) : work_{std::move(work)}, place_{place} {}

  Async<BranchState> run(Slot& slot, TaskContext& context) const {
    OnShards::complete(context);
    return keep_what_is_called(slot.value(), context, [this, &slot, &context] {
      return call_on_shard(*place_.runtime, [this, &slot, &context]() -> decltype(auto) {
        return slot.call_const(work_, context);
      });
    });
  }

 private:
  Work work_;
  OnShards place_;
};

/// A Node as the task of a branch: what `post` returns is the branch's value. With a runtime `exec`
/// is called on its shards, `prep` and `post` on the run's executor.
template <class N, class Slot, class Place> class BranchNode {
 public:
  using Store = typename Slot::StoreType;
  using Types = NodeTypes<N, Store>;

  BranchNode(N node, Place place) : node_{std::move(node)}, place_{place} {}

  auto prep(Slot& slot, TaskContext& context) const {
    return call(prep_member, context, node_, slot.store());
  }

  decltype(auto) exec(TaskContext& context) const
    requires callable<ExecMember, const N&>
  {
    return in_place(context, [this, &context]() -> decltype(auto) {
      return call(exec_member, context, node_);
    });
  }
  template <class Prepared>
    requires callable<ExecMember, const N&, Prepared>
  decltype(auto) exec(Prepared&& prepared, TaskContext& context) const {
    return in_place(context, [this, &context, &prepared]() -> decltype(auto) {
      return call(exec_member, context, node_, std::forward<Prepared>(prepared));
    });
  }

  auto post(Slot& slot, TaskContext& context) const
    requires callable<PostMember, const N&, Store&>
  {
    return keep_what_is_called(slot.value(), context, [this, &slot, &context]() -> decltype(auto) {
      return call(post_member, context, node_, slot.store());
    });
  }
  template <class Executed>
    requires callable<PostMember, const N&, Store&, Executed>
  auto post(Slot& slot, Executed&& executed, TaskContext& context) const {
    return keep_what_is_called(
        slot.value(), context, [this, &slot, &context, &executed]() -> decltype(auto) {
          return call(post_member, context, node_, slot.store(), std::forward<Executed>(executed));
        });
  }

 private:
  template <class Call> decltype(auto) in_place(TaskContext& context, Call call) const {
    if constexpr (std::same_as<Place, OnShards>) {
      OnShards::complete(context);
      return call_on_shard(*place_.runtime, std::move(call));
    } else {
      return call();
    }
  }

  N node_;
  [[no_unique_address]] Place place_;
};

}  // namespace cano::detail
