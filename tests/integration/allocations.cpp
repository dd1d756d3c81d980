// SPDX-License-Identifier: MIT
// Counts what the engine allocates; a program of its own, since it replaces operator new.
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <stop_token>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/concurrent/wait_strategy.hpp>
#include <cano/observe/observer.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"

namespace asio = boost::asio;

namespace {

std::atomic<std::size_t> allocations{0};

void* allocate(std::size_t size, std::size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  if (void* const memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded)) {
    return memory;
  }
  throw std::bad_alloc{};
}

}  // namespace

// Not inlined: g++ would take free() and what new returns for a pair that does not match.
[[gnu::noinline]] void* operator new(std::size_t size) {
  return allocate(size, alignof(std::max_align_t));
}
// Catch2 uses it. That of AddressSanitizer would not be freed by what is below.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace {

// The second has a name that no small buffer holds.
enum class State { First, SecondWithALongNameThatIsCopiedNowhere, Done };

struct Count {
  int left;
};

State next(Count& count, State other) { return --count.left > 0 ? other : State::Done; }

struct PlainNode {
  int prep(Count& count) const { return count.left; }
  int exec(int left) const { return left; }
  State post(Count& count, int) const {
    return next(count, State::SecondWithALongNameThatIsCopiedNowhere);
  }
};

struct WaitingNode {
  asio::awaitable<int> prep(Count& count) const { co_return count.left; }
  asio::awaitable<int> exec(int left) const { co_return left; }
  asio::awaitable<State> post(Count& count, int) const { co_return next(count, State::First); }
};

using Flow = cano::Workflow<State, Count>;

Flow plain() {
  return Flow{State::First}
      .add(State::First,
           [](Count& count) { return next(count, State::SecondWithALongNameThatIsCopiedNowhere); })
      .add(State::SecondWithALongNameThatIsCopiedNowhere, PlainNode{})
      .add_exit_state(State::Done);
}

Flow waiting(const cano::TaskConfig& config = {}) {
  return Flow{State::First}
      .add(
          State::First,
          [](Count& count) -> asio::awaitable<State> {
            co_return next(count, State::SecondWithALongNameThatIsCopiedNowhere);
          },
          config)
      .add(State::SecondWithALongNameThatIsCopiedNowhere, WaitingNode{}, config)
      .add_exit_state(State::Done);
}

std::size_t allocations_of(const Flow& flow, int hops, const cano::RunOptions& options) {
  Count count{hops};
  const std::size_t before = allocations.load();
  cano::run(flow, count, options);
  return allocations.load() - before;
}

// How many more allocations ten thousand hops more cost.
std::size_t growth(const Flow& flow, const cano::RunOptions& options = {}) {
  allocations_of(flow, 1000, options);  // what is made once a process or thread
  const std::size_t few = allocations_of(flow, 1000, options);
  const std::size_t many = allocations_of(flow, 11'000, options);
  return many > few ? many - few : 0;
}

}  // namespace

TEST_CASE("the counter counts") {
  const std::size_t before = allocations.load();
  ::operator delete(::operator new(1));
  CHECK(allocations.load() == before + 1);
}

TEST_CASE("a hop of plain tasks allocates nothing") { CHECK(growth(plain()) == 0); }

TEST_CASE("a hop of awaitable tasks and Nodes allocates nothing in steady state") {
  CHECK(growth(waiting()) == 0);
}

TEST_CASE("a run that can be stopped allocates nothing a hop") {
  const std::stop_source source;
  const auto options = cano::RunOptions{}.with_stop(source.get_token());
  CHECK(growth(plain(), options) == 0);
  CHECK(growth(waiting(), options) == 0);
}

TEST_CASE("instances of a batch that never really wait share a coroutine") {
  constexpr std::size_t instances = 10'000;
  const cano::ConcurrentWorkflow batch{waiting()};
  std::vector<Count> stores(instances, Count{10});
  const std::size_t before = allocations.load();
  CHECK(cano::run(batch.execute_concurrent(stores, cano::WaitForever{})).status.completed ==
        instances);
  CHECK(allocations.load() - before < instances / 2);
}

TEST_CASE("an observer that does nothing allocates nothing a hop") {
  const auto observer = std::make_shared<cano::Observer>();
  CHECK(growth(plain().with_observer(observer)) == 0);
  CHECK(growth(waiting().with_observer(observer)) == 0);
}

TEST_CASE("limits that are not reached allocate nothing a hop") {
  using namespace std::chrono_literals;
  const auto config = cano::TaskConfig::minimal().with_attempt_timeout(1h).with_timeout(2h);
  CHECK(growth(waiting(config)) == 0);
  CHECK(growth(waiting().with_total_timeout(1h)) == 0);
}
