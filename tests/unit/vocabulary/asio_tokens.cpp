// SPDX-License-Identifier: MIT
// First and alone: it names what the documentation shows.
#include <exception>
#include <future>
#include <tuple>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cano/asio_tokens.hpp>
#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>

#include "support/catch.hpp"

namespace asio = cano::asio;

namespace {

cano::Async<int> answer() {
  co_await cano::sleep_for(cano::Duration{1});
  co_return 42;
}

asio::awaitable<int> by_tokens() {
  int sum = 0;
  auto first = answer();
  sum += co_await std::move(first)(asio::use_awaitable);
  auto second = answer();
  sum += co_await std::move(second)(asio::deferred);
  co_return sum;
}

}  // namespace

TEST_CASE("the tokens that the documentation names are there with one header") {
  asio::io_context context;
  auto first = asio::co_spawn(context, answer(), asio::use_future);
  auto second = asio::co_spawn(context, by_tokens(), asio::use_future);
  asio::co_spawn(context, answer(), asio::detached);
  asio::cancellation_signal signal;
  std::exception_ptr ended;
  asio::co_spawn(context, cano::sleep_for(cano::Duration::max()),
                 asio::bind_cancellation_slot(
                     signal.slot(), asio::bind_executor(context, [&](std::exception_ptr error) {
                       ended = std::move(error);
                     })));
  context.poll();
  signal.emit(asio::cancellation_type::all);
  context.run();
  CHECK(first.get() == 42);
  CHECK(second.get() == 84);
  CHECK(ended);
}
