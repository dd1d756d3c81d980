// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/yield_now.hpp>

#include "support/async_chains.hpp"
#include "support/catch.hpp"
#include "support/races.hpp"

using cano::Async;
using cano::detail::Cancellable;
using cano::detail::Environment;
using cano::detail::EnvironmentExecutor;
using cano::detail::EnvironmentLink;
using cano::detail::Loop;
using cano::detail::LoopExecutor;
using cano::detail::RequestStop;
using cano::detail::RootEnvironment;
using cano::detail::StopReason;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// An environment without coroutines.
class BareEnvironment final : public RootEnvironment {
 public:
  explicit BareEnvironment(Loop& loop) : RootEnvironment{loop} {}
  void abandon() noexcept override { ++abandoned; }
  using RootEnvironment::link;

  int abandoned = 0;

 private:
  void finished() override {}
};

struct CountingWait final : Cancellable {
  void cancel() noexcept override { ++cancellations; }
  int cancellations = 0;
};

// An executor of a program's own, around any other.
class WrappingExecutor {
 public:
  WrappingExecutor(asio::any_io_executor inner, std::shared_ptr<std::atomic<int>> calls)
      : inner_{std::move(inner)}, calls_{std::move(calls)} {}

  template <class F> void execute(F&& function) const {
    ++*calls_;
    inner_.execute(std::forward<F>(function));
  }
  asio::execution_context& query(asio::execution::context_t) const noexcept {
    return asio::query(inner_, asio::execution::context);
  }
  asio::execution::blocking_t query(asio::execution::blocking_t) const {
    return asio::query(inner_, asio::execution::blocking);
  }
  WrappingExecutor require(asio::execution::blocking_t::never_t never) const {
    return {asio::require(inner_, never), calls_};
  }
  friend bool operator==(const WrappingExecutor& a, const WrappingExecutor& b) noexcept {
    return a.inner_ == b.inner_;
  }

 private:
  asio::any_io_executor inner_;
  std::shared_ptr<std::atomic<int>> calls_;
};

asio::awaitable<void> wait_on(asio::io_context& context, asio::steady_timer*& waiting,
                              FrameCount& frames) {
  const auto held = frames.object();
  asio::steady_timer timer{context, 1h};
  waiting = &timer;
  co_await timer.async_wait(asio::deferred);
}

Async<> yield_twice(int& yields) {
  for (int i = 0; i < 2; ++i) {
    co_await cano::yield_now();
    ++yields;
  }
}

}  // namespace

TEST_CASE("a stop through the link cancels what is waited for, once") {
  PlacedContext place{any_place()};
  const auto loop = Loop::of(place.executor());
  BareEnvironment environment{*loop};
  CountingWait wait;
  environment.scope().wait_begins(wait);
  const RequestStop stop{environment.link()};
  const bool is_here = GENERATE(false, true);
  std::optional<Loop::Here> here;
  if (is_here) here.emplace(*loop);
  stop();
  stop(asio::cancellation_type::terminal);  // as a cancellation slot calls it
  here.reset();
  CHECK(environment.link()->is_stop_requested());
  CHECK(environment.scope().is_cancelled() == is_here);
  place.settle();
  CHECK(environment.scope().reason() == StopReason::Stop);
  CHECK(wait.cancellations == 1);
  environment.scope().wait_ends();
}

TEST_CASE("a stop that comes late does nothing") {
  PlacedContext place{any_place()};
  auto loop = Loop::of(place.executor());
  std::optional<BareEnvironment> environment;
  environment.emplace(*loop);
  EnvironmentLink::Pointer link = environment->link();
  SECTION("when the work is over") {
    environment.reset();
    link->request_stop();
    place.settle();
  }
  SECTION("when the work ends before the stop has come to the loop") {
    link->request_stop();
    environment.reset();
    place.settle();
  }
  SECTION("when the context is gone") {
    environment.reset();
    loop.reset();
    place.destroy();
    link->request_stop();
  }
  SECTION("when the context goes before the stop has come to the loop") {
    link->request_stop();
    environment.reset();
    loop.reset();
    place.destroy();
  }
  CHECK(link->is_stop_requested());
  CHECK(link->environment() == nullptr);
}

TEST_CASE("work that is lost is abandoned when no coroutine of Asio's is part of it") {
  PlacedContext place{any_place()};
  const auto loop = Loop::of(place.executor());
  BareEnvironment environment{*loop};
  SECTION("none is") {
    environment.wait_lost();
    CHECK(environment.abandoned == 1);
  }
  SECTION("two are") {
    environment.foreign_coroutine_begins();
    environment.foreign_coroutine_begins();
    environment.wait_lost();
    CHECK(environment.abandoned == 0);
    environment.foreign_coroutine_ended();
    CHECK(environment.abandoned == 0);
    environment.foreign_coroutine_ended();
    CHECK(environment.abandoned == 1);
  }
  SECTION("one was") {
    environment.foreign_coroutine_begins();
    environment.foreign_coroutine_ended();
    CHECK(environment.abandoned == 0);
    environment.wait_lost();
    CHECK(environment.abandoned == 1);
  }
}

TEST_CASE("the executors of a loop run at once where they may") {
  PlacedContext place{any_place()};
  const auto loop = Loop::of(place.executor());
  BareEnvironment environment{*loop};
  const std::vector<asio::any_io_executor> executors{EnvironmentExecutor{environment.link()},
                                                     LoopExecutor{*loop}};
  const auto& executor = executors[GENERATE(range<std::size_t>(0, 2))];
  int calls = 0;
  asio::dispatch(executor, [&] { ++calls; });
  asio::post(executor, [&] { ++calls; });
  CHECK(calls == 0);  // the test is not on the loop
  place.settle();
  CHECK(calls == 2);
  {
    const Loop::Here here{*loop};
    asio::dispatch(executor, [&] { ++calls; });
    CHECK(calls == 3);
    asio::post(executor, [&] { ++calls; });
    CHECK(calls == 3);
  }
  place.settle();
  CHECK(calls == 4);
  CHECK(&asio::query(executor, asio::execution::context) == &place.context());
}

TEST_CASE("what is posted to a strand over an executor of a loop never runs at once") {
  PlacedContext place{any_place()};
  const auto loop = Loop::of(place.executor());
  BareEnvironment environment{*loop};
  const std::vector<asio::any_io_executor> executors{EnvironmentExecutor{environment.link()},
                                                     LoopExecutor{*loop}};
  const auto& executor = executors[GENERATE(range<std::size_t>(0, 2))];
  const auto strand = asio::make_strand(executor);
  int calls = 0;
  bool was_at_once = true;
  asio::post(strand, [&] {
    asio::post(strand, [&] { ++calls; });
    was_at_once = calls != 0;
  });
  place.settle();
  CHECK_FALSE(was_at_once);
  CHECK(calls == 1);
  CHECK(asio::query(executor, asio::execution::blocking) == asio::execution::blocking.possibly);
  CHECK(asio::query(asio::require(executor, asio::execution::blocking.never),
                    asio::execution::blocking) == asio::execution::blocking.never);
}

TEST_CASE("an executor names the work and the loop that it belongs to") {
  PlacedContext place{any_place()};
  const auto loop = Loop::of(place.executor());
  BareEnvironment environment{*loop};
  const asio::any_io_executor of_work = EnvironmentExecutor{environment.link()};
  const asio::any_io_executor strand_of_work = asio::make_strand(of_work);
  CHECK(cano::detail::link_of(of_work) == environment.link().get());
  CHECK(cano::detail::link_of(strand_of_work) == environment.link().get());
  CHECK(cano::detail::link_of(place.executor()) == nullptr);
  CHECK(cano::detail::loop_of(of_work) == loop);
  CHECK(cano::detail::loop_of(strand_of_work) == loop);
  CHECK(cano::detail::loop_of(LoopExecutor{*loop}) == loop);
  CHECK(of_work == asio::any_io_executor{EnvironmentExecutor{environment.link()}});
}

// The coroutine is destroyed by way of its executor.
TEST_CASE("a coroutine of Asio's on the executor of work may outlive the context of that") {
  PlacedContext place{any_place()};
  asio::io_context other{1};
  FrameCount frames;
  const bool is_of_other = GENERATE(false, true);
  CAPTURE(is_of_other);
  asio::io_context& context = is_of_other ? other : place.context();
  // Older than the loop's, the service of the timers is shut down later.
  static_cast<void>(asio::steady_timer{context});
  asio::steady_timer* timer = nullptr;
  {
    BareEnvironment environment{*Loop::of(place.executor())};
    asio::co_spawn(EnvironmentExecutor{environment.link()}, wait_on(context, timer, frames),
                   asio::detached);
    place.settle();
  }
  CHECK(frames.alive() == 1);
  place.destroy();
  if (is_of_other) {
    CHECK(frames.alive() == 1);
    timer->cancel();
    other.run();
  }
  CHECK(frames.alive() == 0);
}

TEST_CASE("work may run on a program's own executor around that of other work") {
  PlacedContext place{any_place()};
  BareEnvironment environment{*Loop::of(place.executor())};
  const auto calls = std::make_shared<std::atomic<int>>(0);
  const WrappingExecutor executor{EnvironmentExecutor{environment.link()}, calls};
  int yields = 0;
  StartedChain chain{executor, yield_twice(yields)};
  place.run();
  CHECK(chain.has_succeeded());
  CHECK(yields == 2);
  CHECK(*calls > 0);
}

TEST_CASE("a stop from another thread may come at any moment") {
  for (int i = 0; i < races(300, 50); ++i) {
    PlacedContext place{i % 2 == 0 ? Place::Context : Place::SerialContext};
    StartedChain chain;
    std::optional<EnvironmentLink::Pointer> link;
    std::optional<BareEnvironment> environment;
    environment.emplace(*Loop::of(place.executor()));
    link.emplace(environment->link());
    CountingWait wait;
    environment->scope().wait_begins(wait);
    std::thread other{[stop = RequestStop{*std::exchange(link, std::nullopt)}] { stop(); }};
    place.settle();
    if (i % 4 < 2) {
      environment.reset();
      place.destroy();
      other.join();
    } else {
      other.join();
      place.settle();
      CHECK(wait.cancellations == 1);
    }
  }
}
