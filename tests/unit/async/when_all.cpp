// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <cano/async/blocking.hpp>
#include <cano/async/mailbox.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/task_group.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/wait_kind.hpp>

#include "support/async.hpp"
#include "support/catch.hpp"

// Of its own, since other files of the program name their coroutines alike.
namespace when_all_tests {

using cano::Async;
using cano::Duration;
using cano::sleep_for;
using cano::when_all;
using cano::yield_now;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

Async<int> give(int value) { co_return value; }
Async<int> give_after(Duration duration, int value) {
  co_await sleep_for(duration);
  co_return value;
}
Async<std::string> text_after(Duration duration, std::string text, Alive) {
  co_await sleep_for(duration);
  co_return text;
}
Async<MoveOnly> move_only(int value) {
  co_await yield_now();
  co_return MoveOnly{value};
}
Async<int> fail(std::string text) {
  throw std::runtime_error{text};
  co_return 0;
}
Async<int> fail_after(Duration duration, std::string text, Alive) {
  co_await sleep_for(duration);
  throw std::runtime_error{text};
}
Async<void> note(std::vector<std::string>& log, std::string text) {
  log.push_back(text + " starts");
  co_await yield_now();
  log.push_back(text + " ends");
}
// Takes its time when it is cancelled.
Async<void> slow_to_end(bool& has_ended, Alive) {
  bool is_cancelled = false;
  try {
    co_await sleep_for(1h);
  } catch (const boost::system::system_error&) {
    is_cancelled = true;
  }
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await sleep_for(2s);
  has_ended = is_cancelled;
}

asio::awaitable<int> asio_after(std::chrono::microseconds duration, int value) {
  asio::steady_timer timer{co_await asio::this_coro::executor, duration};
  co_await timer.async_wait(asio::use_awaitable);
  co_return value;
}

std::string text_of(const std::exception_ptr& thrown) {
  if (!thrown) return "nothing";
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return error.what();
  }
}

Async<int> sum_of_kinds() {
  asio::steady_timer timer{co_await asio::this_coro::executor, 1us};
  auto all = when_all(give(1), asio_after(1us, 2), timer.async_wait(asio::deferred), yield_now(),
                      sleep_for(1us));
  auto [one, two, waited, yielded, slept] = co_await std::move(all);
  static_assert(std::is_same_v<decltype(waited), std::monostate>);
  static_assert(std::is_same_v<decltype(slept), std::monostate>);
  co_return one + two;
}

// A tree of joins.
Async<int> leaves(int depth) {
  if (depth == 0) {
    co_await yield_now();
    co_return 1;
  }
  auto [left, right] = co_await when_all(leaves(depth - 1), leaves(depth - 1));
  co_return left + right;
}

Async<int> nested(int depth, Alive alive) {
  if (depth == 0) {
    co_await sleep_for(1h);
    co_return 0;
  }
  co_return 1 + co_await nested(depth - 1, alive);
}

Async<std::vector<int>> many(int count) {
  std::vector<Async<int>> works;
  for (int i = 0; i < count; ++i)
    works.push_back(give_after(i % 3 == 0 ? Duration::zero() : Duration{1us * (count - i)}, i));
  co_return co_await when_all(std::move(works));
}

// Notes what its environment waits for while `work` is under way.
template <class T> Async<void> note_wait(Async<T> work, std::vector<cano::WaitKind>& kinds) {
  cano::detail::ThisEnvironment ask;
  cano::detail::Environment& environment = co_await ask;
  asio::post(environment.loop().executor(),
             [&environment, &kinds] { kinds.push_back(environment.scope().wait().kind); });
  co_await std::move(work);
}

// Two joins in one expression, which g++ 12 suspends both before it takes the first result.
Async<int> two_in_one_expression() {
  co_return std::get<0>(co_await when_all(give_after(1ms, 1), give(2))) +
      std::get<1>(co_await when_all(give(3), give_after(1ms, 4)));
}

Async<std::string> seen_inside(std::atomic<int>& alive) {
  const Alive arguments{alive};
  std::string seen;
  try {
    co_await when_all(text_after(1h, "a", arguments), fail_after(1s, "b", arguments));
  } catch (const std::runtime_error& error) {
    seen = error.what();
  }
  co_return seen + std::to_string(alive.load());
}

// Goes on although it has been cancelled, to clean up.
Async<int> clean_up() {
  bool is_cancelled = false;
  try {
    co_await sleep_for(1h);
  } catch (const boost::system::system_error&) {
    is_cancelled = true;
  }
  co_await asio::this_coro::throw_if_cancelled(false);
  auto [a, b] = co_await when_all(give_after(1s, 1), give_after(2s, 2));
  co_return is_cancelled ? a + b : 0;
}

Async<int> wait_at_end(Duration duration) {
  bool is_cancelled = false;
  try {
    co_await sleep_for(duration);
  } catch (const boost::system::system_error&) {
    is_cancelled = true;
  }
  if (!is_cancelled) co_return 0;
  auto [a, b] = co_await when_all(give(1), give(2));
  co_return a + b;
}

}  // namespace

TEST_CASE("when_all gives the results in the order of its arguments") {
  SerialClock fixture;
  std::atomic<int> alive{0};
  const auto results = fixture.run(when_all(give_after(2s, 1), text_after(1s, "two", Alive{alive}),
                                            sleep_for(3s), move_only(4)));
  CHECK(std::get<0>(results) == 1);
  CHECK(std::get<1>(results) == "two");
  CHECK(*std::get<3>(results).value == 4);
  CHECK(fixture.elapsed() == 3s);
  CHECK(alive == 0);
}

TEST_CASE("when_all of nothing, and of what ends at once, does not wait") {
  SerialClock fixture;
  CHECK(fixture.run(when_all()) == std::tuple<>{});
  CHECK(fixture.run(when_all(give(1), give(2))) == std::tuple{1, 2});
  CHECK(fixture.run(when_all(std::vector<Async<int>>{})).empty());
  CHECK(fixture.run(when_all(std::vector<Async<void>>{})).empty());
}

TEST_CASE("when_all awaits Asyncs, operations and awaitables") {
  SECTION("on a strand") {
    StrandClock fixture;
    CHECK(fixture.run(sum_of_kinds()) == 3);
  }
  SECTION("on a pool of threads") {
    asio::thread_pool pool{4};
    std::vector<std::future<int>> sums;
    for (int i = 0; i < 50; ++i)
      sums.push_back(asio::co_spawn(pool, sum_of_kinds(), asio::use_future));
    for (auto& sum : sums)
      CHECK(sum.get() == 3);
  }
}

TEST_CASE("when_all starts its arguments in their order, and they interleave") {
  SerialClock fixture;
  std::vector<std::string> log;
  fixture.run(when_all(note(log, "a"), note(log, "b")));
  CHECK(log == std::vector<std::string>{"a starts", "b starts", "a ends", "b ends"});
}

TEST_CASE("when_all throws the first failure, in time") {
  SerialClock fixture;
  std::atomic<int> alive{0};
  const auto thrown = failure_of(
      fixture, when_all(fail_after(3s, "late", Alive{alive}), fail_after(1s, "early", Alive{alive}),
                        text_after(1h, "never", Alive{alive})));
  CHECK(text_of(thrown) == "early");
  CHECK(fixture.elapsed() == 1s);
  CHECK(alive == 0);
}

TEST_CASE("when one fails at once the next are not started") {
  SerialClock fixture;
  std::vector<std::string> log;
  const auto thrown =
      failure_of(fixture, when_all(note(log, "a"), fail("at once"), note(log, "b")));
  CHECK(text_of(thrown) == "at once");
  CHECK(log == std::vector<std::string>{"a starts", "a ends"});
}

TEST_CASE("the others have ended before a failure of when_all is thrown") {
  SerialClock fixture;
  std::atomic<int> alive{0};
  SECTION("and are destroyed") { CHECK(fixture.run(seen_inside(alive)) == "b1"); }
  SECTION("and they may take their time") {
    bool has_ended = false;
    const auto thrown = failure_of(
        fixture, when_all(slow_to_end(has_ended, Alive{alive}), fail_after(1s, "b", Alive{alive})));
    CHECK(text_of(thrown) == "b");
    CHECK(has_ended);
    CHECK(fixture.elapsed() == 3s);
  }
  CHECK(alive == 0);
}

TEST_CASE("cancelling when_all cancels all, at each moment") {
  SerialClock fixture;
  std::atomic<int> alive{0};
  const auto work = [&] {
    return when_all(text_after(1s, "a", Alive{alive}), text_after(2s, "b", Alive{alive}));
  };
  StartedAsync<std::tuple<std::string, std::string>> started{fixture.get_executor(), work()};
  SECTION("before it begins") {
    started.cancel();
    fixture.settle();
    CHECK(started.was_aborted());
    CHECK(fixture.elapsed() == 0s);
  }
  SECTION("while all wait") {
    fixture.settle();
    started.cancel();
    CHECK_FALSE(started.has_ended);
    fixture.settle();
    CHECK(started.was_aborted());
  }
  SECTION("when one has ended") {
    fixture.run_until(1s);
    started.cancel();
    fixture.settle();
    CHECK(started.was_aborted());
  }
  SECTION("too late") {
    fixture.run_until(2s);
    started.cancel();
    CHECK(std::get<1>(started.result()) == "b");
  }
  CHECK(alive == 0);
}

TEST_CASE("what is cancelled may go on to clean up with when_all") {
  SerialClock fixture;
  SECTION("that waits") {
    StartedAsync<int> started{fixture.get_executor(), clean_up()};
    fixture.settle();
    started.cancel();
    fixture.run_all();
    CHECK(started.result() == 3);
    CHECK(fixture.elapsed() == 2s);
  }
  SECTION("that does not wait") {
    StartedAsync<int> started{fixture.get_executor(), wait_at_end(1h)};
    fixture.settle();
    started.cancel();
    fixture.run_all();
    CHECK(started.result() == 3);
  }
}

TEST_CASE("a context that is destroyed destroys what when_all awaits") {
  std::atomic<int> alive{0};
  const auto work = [&] {
    std::vector<Async<std::string>> works;
    for (int i = 0; i < 10; ++i)
      works.push_back(text_after(1s * i, "a", Alive{alive}));
    return when_all(nested(10'000, Alive{alive}), when_all(std::move(works)));
  };
  SECTION("on a serial context") {
    SerialClock fixture;
    StartedAsync started{fixture.get_executor(), work()};
    fixture.run_until(5s);
    CHECK(alive > 10'000);
    fixture.destroy();
    CHECK_FALSE(started.has_ended);
  }
  SECTION("on a strand") {
    StrandClock fixture;
    StartedAsync started{fixture.get_executor(), work()};
    fixture.settle();
    CHECK(alive > 10'000);
    fixture.destroy();
    CHECK_FALSE(started.has_ended);
  }
  SECTION("never awaited") { auto never = work(); }
  CHECK(alive == 0);
}

TEST_CASE("when_all of a thousand") {
  const auto fixture = std::make_unique<SerialClock>();
  const auto results = fixture->run(many(1000));
  REQUIRE(results.size() == 1000);
  for (int i = 0; i < 1000; ++i)
    REQUIRE(results[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("when_all of a vector of what gives nothing, booleans and what cannot be copied") {
  SerialClock fixture;
  std::vector<Async<void>> sleeps;
  sleeps.push_back(sleep_for(1s));
  sleeps.push_back(sleep_for(2s));
  CHECK(fixture.run(when_all(std::move(sleeps))).size() == 2);
  CHECK(fixture.elapsed() == 2s);
  std::vector<Async<MoveOnly>> objects;
  for (int i = 0; i < 3; ++i)
    objects.push_back(move_only(i));
  CHECK(*fixture.run(when_all(std::move(objects)))[2].value == 2);
}

TEST_CASE("when_all nests, also twice in an expression") {
  SerialClock fixture;
  CHECK(fixture.run(leaves(10)) == 1024);
  CHECK(fixture.run(two_in_one_expression()) == 5);
}

TEST_CASE("observers get what a coroutine waits for") {
  SerialClock fixture;
  cano::Mailbox<int> box;
  asio::thread_pool stopped{1};
  stopped.stop();
  std::vector<cano::WaitKind> kinds;
  cano::TaskGroup group{fixture.get_executor()};
  fixture.run_here([&] {
    group.spawn(sleep_for(1s));
    group.spawn(note_wait(when_all(sleep_for(1s)), kinds));
    group.spawn(note_wait(box.receive(), kinds));
    group.spawn(note_wait(cano::blocking(stopped, [] { return 1; }), kinds));
  });
  group.cancel();
  fixture.run(group.join());
  using enum cano::WaitKind;
  CHECK(kinds == std::vector{Children, Mailbox, Blocking});
}

TEST_CASE("when_all of an Async without a coroutine throws") {
  SerialClock fixture;
  std::vector<Async<int>> works;
  works.push_back(give(1));
  works.emplace_back();
  CHECK_THROWS_AS(fixture.run(when_all(std::move(works))), cano::Error);
  CHECK_THROWS_AS(fixture.run(when_all(give(1), Async<void>{})), cano::Error);
}

TEST_CASE("when_all on a pool of threads") {
  asio::thread_pool pool{4};
  std::vector<std::future<int>> trees;
  std::vector<std::future<std::vector<int>>> vectors;
  for (int i = 0; i < 20; ++i) {
    trees.push_back(asio::co_spawn(pool, leaves(6), asio::use_future));
    vectors.push_back(asio::co_spawn(pool, many(50), asio::use_future));
  }
  for (auto& tree : trees)
    CHECK(tree.get() == 64);
  for (auto& vector : vectors)
    CHECK(vector.get().size() == 50);
}

TEST_CASE("when_all on a pool is cancelled from another thread") {
  asio::thread_pool pool{4};
  std::atomic<int> alive{0};
  for (int i = 0; i < 50; ++i) {
    asio::cancellation_signal signal;
    const auto strand = asio::make_strand(pool);
    auto both = when_all(text_after(1h, "a", Alive{alive}), text_after(1h, "b", Alive{alive}));
    auto end = asio::co_spawn(strand, std::move(both),
                              asio::bind_cancellation_slot(signal.slot(), asio::use_future));
    if (i % 2 == 0) std::this_thread::yield();
    asio::post(strand, [&] { signal.emit(asio::cancellation_type::terminal); });
    CHECK_THROWS(end.get());
  }
  pool.join();
  CHECK(alive == 0);
}

}  // namespace when_all_tests
