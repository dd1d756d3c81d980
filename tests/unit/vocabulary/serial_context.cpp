// SPDX-License-Identifier: MIT
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cano/detail/serial_context.hpp>

#include "support/catch.hpp"

using cano::detail::is_serial;
using cano::detail::mark_serial;
namespace asio = boost::asio;

TEST_CASE("a context is serial once it was marked, for all of its executors") {
  asio::io_context context;
  CHECK_FALSE(is_serial(context.get_executor()));
  mark_serial(context);
  mark_serial(context);
  CHECK(is_serial(context.get_executor()));
  CHECK(is_serial(asio::make_strand(context)));
}

TEST_CASE("a context that nobody marked is not serial") {
  asio::io_context marked;
  mark_serial(marked);
  asio::io_context other;
  asio::thread_pool pool{1};
  CHECK_FALSE(is_serial(other.get_executor()));
  CHECK_FALSE(is_serial(pool.get_executor()));
  CHECK_FALSE(is_serial(asio::system_executor{}));
}
