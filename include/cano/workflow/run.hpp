// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cano/detail/final_result.hpp>
#include <cano/detail/serial_context.hpp>
#include <cano/state.hpp>
#include <cano/workflow/detail/explain_store.hpp>
#include <cano/workflow/run_options.hpp>
#include <cano/workflow/workflow.hpp>

namespace cano {

namespace detail {

// One handler for all types of results, of which each would have a co_spawn of its own to compile.
struct StopContext {
  asio::io_context* context;
  void operator()(const std::exception_ptr&) const { context->stop(); }
};

}  // namespace detail

/// Runs a coroutine to its end on the calling thread, with an `io_context` of its own: the bridge
/// from `main` to everything awaitable.
///
/// **Errors.** Rethrows what the coroutine throws.
/// **Lifetime.** What the coroutine left behind on the executor, e.g. another coroutine, is
/// destroyed unfinished when this returns. The context goes at once: a thread elsewhere that
/// brought the result of a bare `asio::co_spawn` may still be on its way out of it. Run such work
/// with `Runtime::run`; batches and the scheduler see to it themselves.
template <class T> T run(asio::awaitable<T> work) {
  asio::io_context context{1};
  detail::mark_serial(context);
  const auto result = std::make_shared<detail::FinalResult<T>>();
  asio::co_spawn(context, detail::run_into(result, std::move(work)), detail::StopContext{&context});
  context.run();
  return result->take();
}

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
