// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include <cano/async/sleep.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/when_any.hpp>
#include <cano/async/yield_now.hpp>

#include "support/async.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

// Of its own, since other files of the program name their coroutines alike.
namespace when_any_tests {

using cano::Async;
using cano::Duration;
using cano::Errc;
using cano::sleep_for;
using cano::when_all;
using cano::when_any;
using cano::yield_now;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

Async<int> give(int value) { co_return value; }
Async<int> give_after(Duration duration, int value, Alive) {
  co_await sleep_for(duration);
  co_return value;
}
Async<MoveOnly> move_only_after(Duration duration, int value) {
  co_await sleep_for(duration);
  co_return MoveOnly{value};
}
Async<int> fail_after(Duration duration, std::string text) {
  co_await sleep_for(duration);
  throw std::runtime_error{text};
}
Async<void> note(std::string& log, char letter) {
  log += letter;
  co_return;
}
// Turns its cancellation into another failure, or into a success.
Async<int> stubborn(bool succeeds) {
  try {
    co_await sleep_for(1h);
  } catch (const boost::system::system_error&) {
    if (!succeeds) throw std::runtime_error{"stubborn"};
  }
  co_return 7;
}
asio::awaitable<int> asio_after(Duration duration, int value) {
  asio::steady_timer timer{co_await asio::this_coro::executor, duration};
  co_await timer.async_wait(asio::use_awaitable);
  co_return value;
}

Async<std::size_t> first_of_kinds(std::size_t first) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer{executor, first == 0 ? Duration{1us} : Duration{1h}};
  auto any = when_any(timer.async_wait(asio::deferred),
                      asio_after(first == 1 ? Duration{1us} : Duration{1h}, 2),
                      sleep_for(first == 2 ? Duration{1us} : Duration{1h}));
  const auto winner = co_await std::move(any);
  static_assert(
      std::is_same_v<decltype(winner), const std::variant<std::monostate, int, std::monostate>>);
  co_return winner.index();
}

Async<int> alive_after_any(std::atomic<int>& alive) {
  const Alive arguments{alive};
  co_await when_any(give_after(1s, 1, arguments), give_after(1h, 2, arguments));
  co_return alive.load();
}

std::string text_of(const std::exception_ptr& thrown) {
  if (!thrown) return "nothing";
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("when_any gives the first success and its place") {
  SerialClock fixture;
  std::atomic<int> alive{0};
  const auto winner = fixture.run(when_any(give_after(3s, 1, Alive{alive}), sleep_for(2s),
                                           give_after(1s, 3, Alive{alive}), fail_after(1ms, "f")));
  CHECK(winner.index() == 2);
  CHECK(std::get<2>(winner) == 3);
  CHECK(fixture.elapsed() == 1s);
  CHECK(alive == 0);
}

TEST_CASE("when_any gives what cannot be copied or made by default") {
  SerialClock fixture;
  const auto winner = fixture.run(when_any(move_only_after(2s, 1), move_only_after(1s, 2)));
  REQUIRE(winner.index() == 1);
  CHECK(*std::get<1>(winner).value == 2);
}

TEST_CASE("what succeeds at once leaves the next unstarted") {
  SerialClock fixture;
  std::string log;
  CHECK(fixture.run(when_any(fail_after(0s, "f"), note(log, 'b'), note(log, 'c'))).index() == 1);
  CHECK(log == "b");
}

TEST_CASE("when all fail when_any throws the first failure, in time") {
  SerialClock fixture;
  const auto thrown =
      failure_of(fixture, when_any(fail_after(2s, "late"), fail_after(1s, "early")));
  CHECK(text_of(thrown) == "early");
  CHECK(fixture.elapsed() == 2s);
}

TEST_CASE("the losers have ended before the result of when_any is there") {
  SerialClock fixture;
  SECTION("and are destroyed") {
    std::atomic<int> alive{0};
    CHECK(fixture.run(alive_after_any(alive)) == 1);
  }
  SECTION("whatever they give or throw") {
    const bool succeeds = GENERATE(false, true);
    std::atomic<int> alive{0};
    const auto winner = fixture.run(when_any(stubborn(succeeds), give_after(1s, 1, Alive{alive})));
    CHECK(winner.index() == 1);
  }
}

TEST_CASE("cancelling when_any cancels all") {
  SerialClock fixture;
  std::atomic<int> alive{0};
  SECTION("and throws the first failure") {
    StartedAsync started{fixture.get_executor(), when_any(give_after(1s, 1, Alive{alive}),
                                                          give_after(2s, 2, Alive{alive}))};
    const bool has_begun = GENERATE(false, true);
    if (has_begun) fixture.settle();
    started.cancel();
    fixture.settle();
    CHECK(started.was_aborted());
  }
  SECTION("but a success is still one") {
    StartedAsync started{fixture.get_executor(),
                         when_any(give_after(1s, 1, Alive{alive}), stubborn(true))};
    fixture.settle();
    started.cancel();
    fixture.settle();
    REQUIRE(started.has_ended);
    CHECK(started.result().index() == 1);
  }
  CHECK(alive == 0);
}

TEST_CASE("when_any awaits Asyncs, operations and awaitables") {
  const std::size_t first = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{2});
  SECTION("on a strand") {
    StrandClock fixture;
    CHECK(fixture.run(first_of_kinds(first)) == first);
  }
  SECTION("on a pool of threads") {
    asio::thread_pool pool{4};
    std::vector<std::future<std::size_t>> all;
    for (int i = 0; i < 30; ++i)
      all.push_back(asio::co_spawn(pool, first_of_kinds(first), asio::use_future));
    for (auto& one : all)
      CHECK(one.get() == first);
  }
}

TEST_CASE("when_any of a vector") {
  SerialClock fixture;
  std::atomic<int> alive{0};
  SECTION("gives the place and the value") {
    std::vector<Async<int>> works;
    for (int i = 0; i < 1000; ++i)
      works.push_back(give_after(i == 700 ? 1s : 1h, i, Alive{alive}));
    const auto winner = fixture.run(when_any(std::move(works)));
    CHECK(winner.first == 700);
    CHECK(winner.second == 700);
    CHECK(fixture.elapsed() == 1s);
  }
  SECTION("of what gives nothing") {
    std::vector<Async<void>> works;
    works.push_back(sleep_for(2s));
    works.push_back(sleep_for(1s));
    CHECK(fixture.run(when_any(std::move(works))).first == 1);
  }
  SECTION("of none is an error") {
    const auto error = error_of([&] { fixture.run(when_any(std::vector<Async<int>>{})); });
    CHECK(error.errc() == Errc::Configuration);
  }
  CHECK(alive == 0);
}

TEST_CASE("when_any nests in itself and in when_all") {
  SerialClock fixture;
  std::atomic<int> alive{0};
  const auto both = fixture.run(when_all(
      when_any(give_after(2s, 1, Alive{alive}), when_any(give(2), give_after(1h, 3, Alive{alive}))),
      when_any(when_all(give(4), give_after(1s, 5, Alive{alive})), sleep_for(2s))));
  CHECK(std::get<1>(std::get<0>(both)).index() == 0);
  CHECK(std::get<1>(both).index() == 0);
  CHECK(fixture.elapsed() == 1s);
  CHECK(alive == 0);
}

TEST_CASE("a context that is destroyed destroys what when_any awaits") {
  std::atomic<int> alive{0};
  const auto work = [&] {
    return when_any(give_after(1s, 1, Alive{alive}),
                    when_any(asio_after(1h, 2), give_after(1h, 3, Alive{alive})));
  };
  SECTION("on a serial context") {
    SerialClock fixture;
    StartedAsync started{fixture.get_executor(), work()};
    fixture.settle();
    fixture.destroy();
    CHECK_FALSE(started.has_ended);
  }
  SECTION("on a strand") {
    StrandClock fixture;
    StartedAsync started{fixture.get_executor(), work()};
    fixture.settle();
    fixture.destroy();
    CHECK_FALSE(started.has_ended);
  }
  CHECK(alive == 0);
}

}  // namespace when_any_tests
