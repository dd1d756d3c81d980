// SPDX-License-Identifier: MIT
#pragma once

/// Asio's completion tokens that this library's documentation names, and what is bound to them. The
/// other headers include only those that they use themselves.
///
///     std::future<State> ended =
///         workflow.async_orchestrate(executor, store, asio::use_future);

// IWYU pragma: begin_exports
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
// IWYU pragma: end_exports

#include <cano/config.hpp>  // IWYU pragma: keep
