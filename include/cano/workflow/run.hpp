// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/blocking_run.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/loop_service.hpp>
#include <cano/async/detail/parallel_wait.hpp>
#include <cano/run_options.hpp>
#include <cano/state.hpp>
#include <cano/workflow/detail/explain_store.hpp>
#include <cano/workflow/workflow.hpp>

namespace cano {

/// Runs a coroutine to its end on the calling thread, with an `io_context` of its own: the bridge
/// from `main` to everything that may wait.
///
/// **Errors.** Rethrows what the coroutine throws.
/// **Lifetime.** What the coroutine left behind on the executor, e.g. another coroutine, is
/// destroyed unfinished when this returns.
template <class T> T run(Async<T> work) {
  asio::io_context context{1};
  detail::mark_serial(context);
  const auto loop = detail::Loop::of(context.get_executor());
  detail::BlockingRun<T> blocking{*loop, work, &context, [](void* running) noexcept {
                                    static_cast<asio::io_context*>(running)->stop();
                                  }};
  blocking.launch();
  const detail::Loop::Here here{*loop};
  context.run();
  return blocking.take();
}
/// @overload
template <class T> T run(asio::awaitable<T> work) { return run(detail::as_async(std::move(work))); }

/// Runs a workflow to its end on the calling thread: the simplest way to start.
///
/// **Errors.** As `Workflow::orchestrate`.
template <StateLike State, class Store>
State run(const Workflow<State, Store>& workflow, std::type_identity_t<Store>& store,
          RunOptions options = {}) {
  return run(workflow.orchestrate(store, std::move(options)));
}
/// Does not compile: a temporary is no store.
template <StateLike State, class Store>
auto run(const Workflow<State, Store>&, const std::type_identity_t<Store>&&, RunOptions = {}) {
  detail::explain_why_no_temporary<Store>();
}

}  // namespace cano
