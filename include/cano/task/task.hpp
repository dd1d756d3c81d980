// SPDX-License-Identifier: MIT
#pragma once

// task/: the work of a state, with its retries and limits.

#include <cano/store/memory_store.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/task_traits.hpp>

namespace cano {

/// The work of a state in one function: `run(Store&)` or `run(Store&, TaskContext&)`, const, that
/// returns the next state. A function object of that shape is a Task too, lambdas included.
///
/// What it returns decides what it costs and how it fails: a plain `State` is a function call; an
/// `Async` or an `asio::awaitable` may wait; a `Result` fails without a throw; a `Next<...>`
/// declares its targets.
///
///     struct Greet {
///       State run(MemoryStore& store) const {
///         store.put("greeting", "hello");
///         return State::Done;
///       }
///     };
///
/// A member `undo(Store&)` or `undo(Store&, TaskContext&)`, const, undoes what it has done when the
/// run does not end well, see `undoable`; a member `TaskConfig undo_config() const` has its
/// retries.
///
/// **Threads.** A task is shared, const, by all runs of its workflow, at the same time.
template <class T, class State, class Store = MemoryStore>
concept Task = detail::OutcomeOf<detail::TaskReturns<T, Store>, State>;

}  // namespace cano
