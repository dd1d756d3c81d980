// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/engine/detail/attempt_rules.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/engine/detail/run_base.hpp>
#include <cano/engine/detail/run_driver_base.hpp>
#include <cano/engine/detail/run_part.hpp>
#include <cano/engine/detail/state_info.hpp>
#include <cano/engine/detail/stop_request.hpp>
#include <cano/engine/detail/undo_log.hpp>
#include <cano/observe/event.hpp>
#include <cano/result.hpp>
#include <cano/task/detail/bound_task.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/run_node.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/time/clock.hpp>
#include <cano/wait_kind.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/explain_task.hpp>
#include <cano/workflow/detail/orchestrate.hpp>
#include <cano/workflow/detail/run_driver.hpp>
#include <cano/workflow/detail/run_event.hpp>

namespace cano::detail {

/// The states of an undo, which is a run of one task.
enum class UndoState : std::uint8_t { Work, Done };

/// The run of an undo. It is part of the run that it undoes, but nothing that ends that run ends
/// it: neither a stop nor a limit.
template <class Store>
class UndoRun final : public RunDriver<UndoState, Store>, public Cancellable {
 public:
  UndoRun(Environment& parent, const Definition<UndoState, Store>& definition, Store& store,
          RunBase& whole)
      : RunDriver<UndoState, Store>{parent.loop(), &parent},
        whole_{whole},
        run_id_{whole.run_id()} {
    RunInfo info = whole.reporter().info();
    info.undo = true;
    const Clock clock = whole.reporter().clock();
    auto& run = this->set_up(definition, store, info, run_id_, clock, clock.now(), this->scope(),
                             stop_, whole.reporter().observers());
    run.part_of(whole, {RunPart::Kind::Undo});
    run.set_led_here(whole.why_undone());
    run.reporter().swap_words(whole.reporter());
  }
  ~UndoRun() { this->run_under_way().reporter().swap_words(whole_.reporter()); }

  using RunDriverBase::cancel;

  /// Starts it. Whether `coroutine` has to wait for it.
  bool start(std::coroutine_handle<> coroutine) {
    coroutine_ = coroutine;
    this->parent()->scope().wait_begins(*this);
    if (!this->drive(Event::Started)) return true;
    this->parent()->scope().wait_ends();
    return false;
  }
  Failure take_failure() { return this->run_under_way().take_failure(); }

 private:
  void cancel() noexcept override {}  // whatever ends the run has been, or is waited for
  Wait describe() const noexcept override { return {WaitKind::Children}; }
  void tell_places(std::vector<WaitPlace>& places) const override { this->add_places(places); }
  void ended() override { this->parent()->wait_ended(coroutine_); }

  RunBase& whole_;
  std::string run_id_;
  StopRequest stop_;  // which is never requested
  std::coroutine_handle<> coroutine_;
};

template <class Store> struct OperandAwaiter<UndoRun<Store>&> {
  using type = RunAwaiter<UndoRun<Store>>;
};

/// The undo of a task, as the task of the one state of its run.
template <class T, class Store> class UndoCall {
 public:
  explicit UndoCall(const T& task) noexcept : task_{&task} {}

  auto run(Store& store, TaskContext& context) const {
    using Returned = std::remove_cvref_t<Returns<UndoMember, const T&, Store&>>;
    if constexpr (std::is_void_v<Returned>) {
      call(undo_member, context, *task_, store);
      return UndoState::Done;
    } else if constexpr (!is_awaitable<Returned>) {
      return ended(call(undo_member, context, *task_, store), context);
    } else {
      using Coroutine = std::conditional_t<is_asio_awaitable<Returned>, asio::awaitable<UndoState>,
                                           Async<UndoState>>;
      return wait_for<Coroutine>(call(undo_member, context, *task_, store), context);
    }
  }

 private:
  static UndoState ended(Result<void> result, TaskContext& context) {
    if (result.has_error()) RunAccess::run(context).fail(std::move(result).error());
    return UndoState::Done;
  }
  template <class Coroutine, class Work>
  static Coroutine wait_for(Work work, TaskContext& context) {
    require_started(work, context);
    if constexpr (std::is_void_v<AwaitedT<Work>>) {
      co_await std::move(work);
      co_return UndoState::Done;
    } else {
      auto result = co_await std::move(work);
      co_return ended(std::move(result), context);
    }
  }

  const T* task_;
};

/// The undo of a task over `Store`, which worked on a `Slot`: that store or, in a branch, what
/// leads to it.
template <class T, class Store, class Slot> class UndoTaskOf final : public UndoTask {
 public:
  UndoTaskOf(std::shared_ptr<const TaskHolder> kept, const T& task)
      : kept_{std::move(kept)}, task_{&task}, rules_{config_of(task).rules()} {}

  void keep(RunBase& run, const std::shared_ptr<const UndoTask>& self, void* store) const override {
    run.push_undo(self, UndoTargetOf<Slot>::of(*static_cast<Slot*>(store)));
  }

  Async<Failure> undo(RunBase& whole, const UndoEntry& entry) const override {
    Environment& environment = co_await ThisEnvironment{};
    const auto definition = definition_of(entry);
    auto& store = *static_cast<Store*>(entry.target.store);
    UndoRun<Store> run{environment, *definition, store, whole};
    co_await run;
    co_return run.take_failure();
  }

  // One after the other, the last first; one that fails does not keep the others from it. (A member
  // of a template: g++ emits the code of other coroutines also where they are not called.)
  Async<void> undo_all(RunBase& run) const override {
    UndoList& list = run.undo_list();
    while (!list.is_empty()) {
      UndoEntry entry = list.pop();
      Failure failure;
      try {
        auto work = entry.task->undo(run, entry);
        failure = co_await std::move(work);
      } catch (...) {  // for lack of memory, before it could begin
        failure = caught_failure();
      }
      if (failure) {
        list.failed(std::move(entry.name), std::move(failure));
      } else {
        list.undone(std::move(entry.name));
      }
    }
  }

 private:
  using DefinitionType = Definition<UndoState, Store>;
  using Entry = typename DefinitionType::Entry;

  static TaskConfig config_of(const T& task) {
    if constexpr (requires { TaskConfig{task.undo_config()}; }) {
      return task.undo_config();
    } else {
      return {};
    }
  }

  // A state of a workflow is undone by the same one in all runs: it is made once.
  std::shared_ptr<const DefinitionType> definition_of(const UndoEntry& entry) const {
    const std::lock_guard lock{mutex_};
    const bool is_last = last_ != nullptr && last_->entries.front()->index == entry.index &&
                         last_->entries.front()->name == entry.name;
    if (!is_last) last_ = define(entry);
    return last_;
  }

  // The one state has the name and index of the state that is undone. The names of its own states
  // would take longer than all the rest.
  std::shared_ptr<const DefinitionType> define(const UndoEntry& entry) const {
    auto definition = std::make_shared<DefinitionType>();
    definition->start = UndoState::Work;
    auto work = std::make_shared<Entry>(UndoState::Work, StateInfo{entry.name, rules_},
                                        bind_task<UndoState, Store>(UndoCall<T, Store>{*task_}));
    definition->add(work);
    work->index = entry.index;
    auto done = std::make_shared<Entry>(UndoState::Done, StateInfo{"Done", {}},
                                        BoundTask<UndoState, Store>{});
    done->is_exit = true;
    definition->add(std::move(done));
    return definition;
  }

  std::shared_ptr<const TaskHolder> kept_;
  const T* task_;
  AttemptRules rules_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const DefinitionType> last_;  // that has undone something
};

// A member of that name that holds data is something else.
template <class T>
concept NamesUndo = requires {
  &T::undo;
  requires !std::is_member_object_pointer_v<decltype(&T::undo)>;
};
template <class T>
concept HasUndo = NamesUndo<T> || requires { typename T::undo_type; };

template <class Returned>
inline constexpr bool undo_returns_well =
    std::is_void_v<AwaitedT<Returned>> || std::same_as<AwaitedT<Returned>, Result<void>>;

/// Whether the task can be undone. One whose `undo` is wrong does not compile, and says why.
template <class T, class Store> consteval bool is_undoable() {
  using Returned = Returns<UndoMember, const T&, Store&>;
  constexpr bool is_called = !std::same_as<Returned, NotCallable>;
  static_assert(
      is_called || !HasUndo<T>,
      "cano: undo() of a task takes the Store& that run() takes, in an each the item after "
      "it, and may take a TaskContext& last; it must be const");
  if constexpr (is_called) {
    static_assert(undo_returns_well<Returned>,
                  "cano: undo() of a task returns void or Result<void>, plain or in an Async or "
                  "asio::awaitable");
    if constexpr (NamesUndo<T>) {
      static_assert(!TakesACopy<decltype(&T::undo), Store>,
                    "cano: undo() takes the store as Store&: what it writes to a copy is lost");
    }
    return undo_returns_well<Returned>;
  }
  return false;
}

/// How the task in `kept` is undone; null where it cannot be.
template <class T, class Store, class Slot = Store>
std::shared_ptr<const UndoTask> undo_task(const std::shared_ptr<const TaskHolder>& kept,
                                          const void* task) {
  if constexpr (is_undoable<T, Store>()) {
    return std::make_shared<UndoTaskOf<T, Store, Slot>>(kept, *static_cast<const T*>(task));
  } else {
    return nullptr;
  }
}
/// The same for a copy of a task.
template <class T, class Store, class Slot = Store>
std::shared_ptr<const UndoTask> undo_task_of_copy(const T& task) {
  if constexpr (is_undoable<T, Store>()) {
    const auto* const holder = new TaskHolderOf<T>(task);
    const std::shared_ptr<const TaskHolder> kept{static_cast<const TaskHolder*>(holder)};
    return undo_task<T, Store, Slot>(kept, &holder->task);
  } else {
    return nullptr;
  }
}

}  // namespace cano::detail
