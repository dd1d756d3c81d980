// SPDX-License-Identifier: MIT
#pragma once

#include <cano/store/memory_store.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/task_traits.hpp>

namespace cano {

/// The work of a state in three const phases: `prep(Store&) -> P` loads, `exec(P) -> E` works
/// without the store, `post(Store&, E)` saves and returns the next state as a Task does.
///
/// Each phase is plain or awaitable on its own, may take a `TaskContext&` last, and may return
/// nothing, in which case the next one takes one argument less. A phase that returns a `Result`
/// which the next phase does not take whole ends the attempt when it holds an error. A retry runs
/// all three again.
///
///     struct Resize {
///       Image prep(MemoryStore& store) const { return store.get<Image>("image"); }
///       Async<Image> exec(Image image) const;
///       State post(MemoryStore& store, Image image) const {
///         store.put("thumbnail", std::move(image));
///         return State::Done;
///       }
///     };
///
/// **Threads.** A Node is shared, const, by all runs of its workflow, at the same time.
template <class N, class State, class Store = MemoryStore>
concept Node = detail::NodeTypes<N, Store>::has_post &&
               detail::OutcomeOf<typename detail::NodeTypes<N, Store>::PostReturns, State>;

}  // namespace cano
