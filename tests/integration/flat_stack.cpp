// SPDX-License-Identifier: MIT
// Neither awaits in a row nor nested ones, nor hops of any kind, need more stack the more there
// are.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"

// Of its own, since other files of the program name their coroutines alike.
namespace flat_stack_tests {

using cano::Async;
using cano::VirtualTime;
namespace asio = boost::asio;

namespace {

// How far down the stack has been seen. It asks for the frame, not for the address of a local:
// AddressSanitizer keeps locals elsewhere.
class StackProbe {
 public:
  void note() noexcept {
    const auto place = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    if (lowest_ == 0) lowest_ = highest_ = place;
    if (place < lowest_) lowest_ = place;
    if (place > highest_) highest_ = place;
  }
  std::size_t used() const noexcept { return highest_ - lowest_; }

 private:
  std::uintptr_t lowest_ = 0;
  std::uintptr_t highest_ = 0;
};

constexpr std::size_t most = 64 * 1024;

Async<int> leaf(StackProbe& probe, int i) {
  probe.note();
  co_return i & 1;
}
Async<int> in_a_row(StackProbe& probe, int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i)
    sum += co_await leaf(probe, i);
  co_return sum;
}

enum class Bottom { Returns, Yields, Throws, Sleeps };

Async<int> nested(StackProbe& probe, int depth, Bottom bottom) {
  probe.note();
  if (depth > 0) co_return 1 + co_await nested(probe, depth - 1, bottom);
  if (bottom == Bottom::Yields) co_await cano::yield_now();
  if (bottom == Bottom::Throws) throw std::runtime_error{"bottom"};
  if (bottom == Bottom::Sleeps) co_await cano::sleep_for(std::chrono::hours{1});
  probe.note();
  co_return 0;
}

enum class Kind { Again, Done };
struct Hops {
  StackProbe probe;
  int left;
};
using Flow = cano::Workflow<Kind, Hops>;

Kind hop(Hops& hops) {
  hops.probe.note();
  return --hops.left > 0 ? Kind::Again : Kind::Done;
}
Async<Kind> async_hop(Hops& hops) { co_return hop(hops); }
asio::awaitable<Kind> awaitable_hop(Hops& hops) { co_return hop(hops); }

}  // namespace

TEST_CASE("a million awaits in a row that complete at once keep the stack flat") {
  VirtualTime time;
  StackProbe probe;
  CHECK(time.run(in_a_row(probe, 1'000'000)) == 500'000);
  CHECK(probe.used() < most);
}

TEST_CASE("a hundred thousand nested awaits keep the stack flat") {
  constexpr int depth = 100'000;
  VirtualTime time;
  StackProbe probe;
  SECTION("that return") { CHECK(time.run(nested(probe, depth, Bottom::Returns)) == depth); }
  SECTION("that are suspended and resumed at the bottom") {
    CHECK(time.run(nested(probe, depth, Bottom::Yields)) == depth);
  }
  SECTION("that throw") {
    CHECK_THROWS_AS(time.run(nested(probe, 1000, Bottom::Throws)), std::runtime_error);
  }
  SECTION("that are destroyed while they wait") {
    nested(probe, depth, Bottom::Sleeps)(
        asio::bind_executor(time.get_executor(), [](const std::exception_ptr&, int) {}));
    time.run_for(std::chrono::minutes{1});
  }
  CHECK(probe.used() < most);
}

TEST_CASE("hops of every kind keep the stack flat") {
  VirtualTime time;
  Hops hops{{}, 300'000};
  Flow flow{Kind::Again};
  flow.add_exit_state(Kind::Done);
  SECTION("plain") { flow.add(Kind::Again, hop); }
  SECTION("Async") { flow.add(Kind::Again, async_hop); }
  SECTION("asio::awaitable") { flow.add(Kind::Again, awaitable_hop); }
  CHECK(time.run(flow.orchestrate(hops)) == Kind::Done);
  CHECK(hops.probe.used() < most);
}

}  // namespace flat_stack_tests
