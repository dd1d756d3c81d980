// SPDX-License-Identifier: MIT
#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cano/detail/context_gate.hpp>

#include "support/catch.hpp"

using cano::detail::ContextGate;
namespace asio = boost::asio;

TEST_CASE("a context has one gate, which closes with it") {
  std::shared_ptr<ContextGate> gate;
  int passed = 0;
  {
    asio::io_context context;
    asio::thread_pool other{1};
    gate = ContextGate::of(context.get_executor());
    CHECK(gate == ContextGate::of(asio::make_strand(context)));
    CHECK(gate != ContextGate::of(other.get_executor()));
    gate->pass([&] { ++passed; });
    CHECK(passed == 1);
  }
  gate->pass([&] { ++passed; });
  CHECK(passed == 1);
}

TEST_CASE("the destruction of a context waits for who is in its gate") {
  std::optional<asio::io_context> context{std::in_place};
  const auto gate = ContextGate::of(context->get_executor());
  std::thread thread;
  std::atomic<bool> is_gone{false};
  bool was_gone = true;
  gate->pass([&] {
    thread = std::thread{[&] {
      context.reset();
      is_gone = true;
    }};
    for (int i = 0; i < 100; ++i)
      std::this_thread::yield();
    was_gone = is_gone;
  });
  thread.join();
  CHECK_FALSE(was_gone);
  CHECK(is_gone.load());
}
