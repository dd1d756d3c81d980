// SPDX-License-Identifier: MIT
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <cano/async/async.hpp>

#include "support/async_chains.hpp"
#include "support/catch.hpp"

using cano::Async;
namespace asio = boost::asio;

namespace {

struct ThrowsAtItsEnd {
  ~ThrowsAtItsEnd() noexcept(false) { throw std::runtime_error{"destructor"}; }
};

Async<std::string> throw_behind_the_return() {
  const ThrowsAtItsEnd end;
  co_return std::string(100, 'x');
}
Async<std::string> return_twice() {
  try {
    const ThrowsAtItsEnd end;
    co_return std::string(100, 'x');
  } catch (const std::runtime_error&) {
  }
  co_return std::string(100, 'y');
}
Async<> take_last_results(std::string& thrown, std::string& value) {
  try {
    static_cast<void>(co_await throw_behind_the_return());
  } catch (const std::runtime_error& error) {
    thrown = error.what();
  }
  value = co_await return_twice();
}

}  // namespace

TEST_CASE("what a destructor throws behind co_return replaces the value") {
  asio::io_context context{1};
  std::string thrown;
  std::string value;
  StartedChain chain{context.get_executor(), take_last_results(thrown, value)};
  context.run();
  CHECK(chain.has_succeeded());
  CHECK(thrown == "destructor");
  CHECK(value == std::string(100, 'y'));
}
