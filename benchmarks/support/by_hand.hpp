// SPDX-License-Identifier: MIT
// What workflows are compared with: the same work in coroutines written by hand, of either type.
// Those of Asio run on Asio alone.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/async/async.hpp>
#include <cano/workflow/run.hpp>

#include "support/countdown.hpp"

namespace by_hand {

namespace asio = boost::asio;

/// The coroutine type of Asio, as a template of one argument like `cano::Async`.
template <class T> using Awaitable = asio::awaitable<T>;

/// Runs a coroutine to its end.
template <class T> T run(cano::Async<T> work) { return cano::run(std::move(work)); }
/// @overload
template <class T> T run(asio::awaitable<T> work) {
  asio::io_context context{1};
  if constexpr (std::is_void_v<T>) {
    asio::co_spawn(context, std::move(work), [](const std::exception_ptr& thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    context.run();
  } else {
    std::optional<T> result;
    asio::co_spawn(context, std::move(work), [&](const std::exception_ptr& thrown, T value) {
      if (thrown) std::rethrow_exception(thrown);
      result.emplace(std::move(value));
    });
    context.run();
    return std::move(*result);
  }
}

template <class T, class Handler>
void start(const asio::any_io_executor& executor, cano::Async<T> work, Handler handler) {
  work(asio::bind_executor(executor, std::move(handler)));
}
template <class T, class Handler>
void start(const asio::any_io_executor& executor, asio::awaitable<T> work, Handler handler) {
  asio::co_spawn(executor, std::move(work), std::move(handler));
}

/// Starts so many coroutines at once, which `make` makes, and waits until all have ended.
template <class Make> cano::Async<void> await_all(std::size_t count, Make make) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer done{executor, asio::steady_timer::time_point::max()};
  std::size_t left = count;
  const auto ended = [&](const auto&...) {
    if (--left == 0) done.expires_at(asio::steady_timer::time_point::min());
  };
  for (std::size_t i = 0; i < count; ++i)
    start(executor, make(i), ended);
  co_await done.async_wait(asio::as_tuple(asio::deferred));
}

/// Runs so many coroutines at once, which `make` makes, to their ends.
template <class Make> void run_all_in_cano(std::size_t count, Make make) {
  cano::run(await_all(count, std::move(make)));
}
/// The same, but those of Asio on Asio alone.
template <class Make> void run_all(std::size_t count, Make make) {
  using Coroutine = std::invoke_result_t<Make&, std::size_t>;
  if constexpr (std::is_same_v<Coroutine, cano::Async<typename Coroutine::value_type>>) {
    run_all_in_cano(count, std::move(make));
  } else {
    asio::io_context context{1};
    for (std::size_t i = 0; i < count; ++i)
      asio::co_spawn(context, make(i), asio::detached);
    context.run();
  }
}

/// The workflow of countdown.hpp as a coroutine with a switch, of the type that its tasks have.
template <class Task>
auto switch_over(countdown::Count& count) -> decltype(std::declval<const Task&>().run(count)) {
  using countdown::Step;
  const Task a{Step::B};
  const Task b{Step::A};
  Step at = Step::A;
  for (;;) {
    switch (at) {
      case Step::A:
        at = co_await a.run(count);
        break;
      case Step::B:
        at = co_await b.run(count);
        break;
      case Step::Done:
        co_return at;
    }
  }
}

template <class Node>
auto three_phases(const Node& node, countdown::Count& count) -> decltype(node.post(count, 0)) {
  const int prepared = co_await node.prep(count);
  const int executed = co_await node.exec(prepared);
  co_return co_await node.post(count, executed);
}

/// A Node as one would write it by hand: a coroutine that awaits its phases.
template <class Node> struct CoroutineANode {
  Node node;
  auto run(countdown::Count& count) const { return three_phases(node, count); }
};

}  // namespace by_hand
