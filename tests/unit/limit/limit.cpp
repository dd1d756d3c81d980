// SPDX-License-Identifier: MIT
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/timeout.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/when_any.hpp>
#include <cano/limit/concurrency_limit.hpp>
#include <cano/limit/limit.hpp>
#include <cano/limit/rate_limit.hpp>
#include <cano/limit/sliding_window.hpp>
#include <cano/time/clock.hpp>

#include "support/async.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using cano::Async;
using cano::Duration;
using cano::Errc;
using cano::Limit;
using cano::LimitUse;
using cano::Permit;
using cano::sleep_for;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

using LimitPointer = std::shared_ptr<Limit>;

// What was let through, and when.
struct Admission {
  int who;
  std::size_t cost;
  Duration at;
  Duration until;
};

// Takes, works for a time, and gives back.
Async<void> use_limit(const SerialClock& fixture, LimitPointer limit, LimitUse use, Duration work,
                      int who, std::vector<Admission>& log) {
  const Permit permit = co_await limit->acquire(use);
  const std::size_t place = log.size();
  log.push_back({who, use.cost, fixture.elapsed(), Duration::max()});
  co_await sleep_for(work);
  log[place].until = fixture.elapsed();
}
Async<void> use_later(const SerialClock& fixture, Duration when, LimitPointer limit, LimitUse use,
                      Duration work, int who, std::vector<Admission>& log) {
  co_await sleep_for(when);
  co_await use_limit(fixture, std::move(limit), use, work, who, log);
}
Async<void> keep_permit(LimitPointer limit, LimitUse use, std::optional<Permit>& kept) {
  kept = co_await limit->acquire(use);
}
Async<void> cancel_after(Duration time, std::unique_ptr<StartedAsync<void>>& who) {
  co_await sleep_for(time);
  who->cancel();
}
Async<void> fail_with_permit(LimitPointer limit) {
  const Permit permit = co_await limit->acquire();
  throw std::runtime_error{"while it has a permit"};
}
Async<void> wait_with_permit(LimitPointer limit, Alive) {
  const Permit permit = co_await limit->acquire();
  co_await sleep_for(1h);
}
std::vector<int> who_of(const std::vector<Admission>& log) {
  std::vector<int> who;
  for (const Admission& each : log)
    who.push_back(each.who);
  return who;
}

// One of each kind, for what they have in common: each has room for 2 at once.
LimitPointer limit_of_two(int kind) {
  if (kind == 0) return cano::concurrency_limit(2);
  if (kind == 1) return cano::rate_limit(1, 1s, 2);
  return cano::sliding_window(2, 1s);
}

}  // namespace

TEST_CASE("a limit has room, or not") {
  SerialClock fixture;
  const LimitPointer limit = limit_of_two(GENERATE(0, 1, 2));
  CAPTURE(limit->describe());
  fixture.run_here([&] {
    std::optional<Permit> first = limit->try_acquire();
    std::optional<Permit> second = limit->try_acquire(1);
    CHECK(first);
    CHECK(second);
    CHECK_FALSE(limit->try_acquire());
    CHECK(limit->try_acquire(0));
    if (limit->describe() == "concurrency limit of 2") {
      first->release();
      first->release();
      CHECK(limit->try_acquire());
      *second = Permit{};
      CHECK(limit->try_acquire(2));
    }
  });
}

TEST_CASE("a cost that can never be had is refused at once") {
  SerialClock fixture;
  const LimitPointer limit = limit_of_two(GENERATE(0, 1, 2));
  CHECK(limit->capacity() == 2);
  for (const std::size_t cost : {std::size_t{3}, static_cast<std::size_t>(-1)}) {
    CHECK(error_of([&] { static_cast<void>(limit->acquire(cost)); }).errc() == Errc::Configuration);
    CHECK(error_of([&] { static_cast<void>(limit->try_acquire(cost)); }).errc() ==
          Errc::Configuration);
  }
  CHECK(error_of([&] { static_cast<void>(limit->acquire(3)); }).message() ==
        "The " + limit->describe() + " has never room for a cost of 3: the most is 2");
}

TEST_CASE("who asks first is served first, whatever it costs") {
  SerialClock fixture;
  const LimitPointer limit = limit_of_two(GENERATE(0, 1, 2));
  std::vector<Admission> log;
  std::vector<std::unique_ptr<StartedAsync<void>>> all;
  const std::size_t costs[] = {1, 2, 1, 1, 2, 1};
  for (int i = 0; i < 6; ++i) {
    all.push_back(std::make_unique<StartedAsync<void>>(
        fixture.get_executor(), use_limit(fixture, limit, {costs[i], {}}, 100ms, i, log)));
  }
  fixture.settle();
  CHECK(who_of(log) == std::vector{0});  // there is room for 2, but 1 waits before it
  CHECK(limit->waiting() == 5);
  fixture.run_all();
  CHECK(who_of(log) == std::vector{0, 1, 2, 3, 4, 5});
  CHECK(limit->waiting() == 0);
  CHECK(all.back()->has_ended);
}

TEST_CASE("a large cost is not starved by small ones") {
  SerialClock fixture;
  const LimitPointer limit = cano::rate_limit(10, 1s, 10);
  std::vector<Admission> log;
  std::vector<std::unique_ptr<StartedAsync<void>>> all;
  const auto start = [&](Duration when, std::size_t cost, int who) {
    all.push_back(std::make_unique<StartedAsync<void>>(
        fixture.get_executor(), use_later(fixture, when, limit, {cost, {}}, 0s, who, log)));
  };
  for (int i = 0; i < 200; ++i)
    start(50ms * i, 1, i);  // twice as much as there is
  start(1s, 10, 1000);
  fixture.run_all();
  const auto large =
      std::find_if(log.begin(), log.end(), [](const Admission& a) { return a.who == 1000; });
  REQUIRE(large != log.end());
  // 20 had asked before, of which 20 were let through by then (10 at once, 10 in the second).
  CHECK(large->at == 2100ms);
}

TEST_CASE("waits are exact") {
  SerialClock fixture;
  std::vector<Admission> log;
  std::vector<std::unique_ptr<StartedAsync<void>>> all;
  const auto start = [&](const LimitPointer& limit, std::size_t cost) {
    all.push_back(std::make_unique<StartedAsync<void>>(
        fixture.get_executor(), use_limit(fixture, limit, {cost, {}}, 0s, 0, log)));
  };
  std::vector<Duration> times;
  SECTION("of a rate") {
    const LimitPointer limit = cano::rate_limit(3, 1s, 2);
    for (const std::size_t cost : {1U, 1U, 1U, 2U, 1U})
      start(limit, cost);
    times = {0s, 0s, 333333334ns, 1s, 1333333334ns};
  }
  SECTION("of a window") {
    const LimitPointer limit = cano::sliding_window(3, 1s);
    for (const std::size_t cost : {1U, 1U, 1U, 2U, 2U, 1U})
      start(limit, cost);
    times = {0s, 0s, 0s, 1s, 2s, 2s};
  }
  fixture.run_all();
  REQUIRE(log.size() == times.size());
  for (std::size_t i = 0; i < times.size(); ++i)
    CHECK(log[i].at == times[i]);
}

TEST_CASE("who does not want to wait that long is refused") {
  SerialClock fixture;
  const LimitPointer limit = cano::rate_limit(1, 1s, 1);
  std::optional<Permit> permit;
  fixture.run(keep_permit(limit, {}, permit));
  SECTION("at once, and told when to come back") {
    const auto failure = failure_of(fixture, keep_permit(limit, {1, 999ms}, permit));
    const cano::Error error = error_of([&] { std::rethrow_exception(failure); });
    CHECK(error.errc() == Errc::RateLimited);
    CHECK(error.retry_after() == Duration{1s});
    CHECK(error.message() ==
          "The rate limit of 1 in 1 s has no room for a cost of 1 within 999 ms: it has in 1 s");
    CHECK(fixture.elapsed() == 0s);
  }
  SECTION("what is in time is waited for, also what is just so") {
    fixture.run(keep_permit(limit, {1, 1s}, permit));
    CHECK(fixture.elapsed() == 1s);
  }
  SECTION("with those in front of it") {
    StartedAsync waits{fixture.get_executor(), keep_permit(limit, {}, permit)};
    fixture.settle();
    const auto failure = failure_of(fixture, keep_permit(limit, {1, 1s}, permit));
    CHECK(error_of([&] { std::rethrow_exception(failure); }).retry_after() == Duration{2s});
    fixture.run_all();
    CHECK(waits.has_ended);
  }
  SECTION("when the permits are not given back in time") {
    const LimitPointer two = cano::concurrency_limit(2);
    fixture.run(keep_permit(two, {2, {}}, permit));
    const auto failure = failure_of(fixture, keep_permit(two, {1, 250ms}, permit));
    const cano::Error error = error_of([&] { std::rethrow_exception(failure); });
    CHECK(error.errc() == Errc::RateLimited);
    CHECK_FALSE(error.retry_after());
    CHECK(error.message() ==
          "The concurrency limit of 2 has no room for a cost of 1 within 250 ms");
    CHECK(fixture.elapsed() == 250ms);
    CHECK(error_of([&] {
            std::rethrow_exception(failure_of(fixture, keep_permit(two, {1, 0s}, permit)));
          }).errc() == Errc::RateLimited);
    CHECK(fixture.elapsed() == 250ms);
  }
  SECTION("but one that is given back at that very time is in time") {
    const LimitPointer one = cano::concurrency_limit(1);
    std::vector<Admission> log;
    StartedAsync first{fixture.get_executor(), use_limit(fixture, one, {}, 250ms, 1, log)};
    StartedAsync second{fixture.get_executor(), use_limit(fixture, one, {1, 250ms}, 0s, 2, log)};
    fixture.run_all();
    CHECK(who_of(log) == std::vector{1, 2});
    CHECK_FALSE(second.error);
  }
}

TEST_CASE("who is cancelled gives its place to the next") {
  SerialClock fixture;
  std::vector<Admission> log;
  SECTION("which then fits") {
    const LimitPointer limit = cano::concurrency_limit(2);
    std::optional<Permit> one = limit->try_acquire();
    StartedAsync large{fixture.get_executor(), use_limit(fixture, limit, {2, {}}, 0s, 1, log)};
    StartedAsync small{fixture.get_executor(), use_limit(fixture, limit, {1, {}}, 0s, 2, log)};
    fixture.settle();
    CHECK(log.empty());
    large.cancel();
    fixture.settle();
    CHECK(large.was_aborted());
    CHECK(who_of(log) == std::vector{2});
    CHECK(small.has_ended);
  }
  SECTION("which is due sooner then") {
    const bool is_window = GENERATE(false, true);
    const LimitPointer limit = is_window ? cano::sliding_window(1, 1s) : cano::rate_limit(1, 1s, 1);
    std::vector<std::unique_ptr<StartedAsync<void>>> all;
    for (int i = 0; i < 5; ++i) {
      all.push_back(std::make_unique<StartedAsync<void>>(
          fixture.get_executor(), use_limit(fixture, limit, {}, 0s, i, log)));
    }
    fixture.run_until(500ms);
    all[1]->cancel();
    all[3]->cancel();
    fixture.run_all();
    CHECK(who_of(log) == std::vector{0, 2, 4});
    CHECK(log[1].at == 1s);
    CHECK(log[2].at == 2s);
  }
  SECTION("also when it has been served already, but has not gone on") {
    const bool is_window = GENERATE(false, true);
    const LimitPointer limit = is_window ? cano::sliding_window(1, 1s) : cano::rate_limit(1, 1s, 1);
    std::unique_ptr<StartedAsync<void>> second;
    StartedAsync first{fixture.get_executor(), use_limit(fixture, limit, {}, 0s, 0, log)};
    StartedAsync cancels{fixture.get_executor(), cancel_after(1s, second)};  // runs before it does
    fixture.settle();
    second = std::make_unique<StartedAsync<void>>(fixture.get_executor(),
                                                  use_limit(fixture, limit, {}, 0s, 1, log));
    StartedAsync third{fixture.get_executor(), use_limit(fixture, limit, {}, 0s, 2, log)};
    fixture.run_all();
    CHECK(second->was_aborted());
    CHECK(who_of(log) == std::vector{0, 2});
    CHECK(log[1].at == 1s);
  }
}

TEST_CASE("no permit is lost, however its owner ends") {
  SerialClock fixture;
  const LimitPointer limit = cano::concurrency_limit(2);
  std::atomic<int> alive{0};
  for (int round = 0; round < 3; ++round) {
    CHECK(failure_of(fixture, fail_with_permit(limit)));
    CHECK(failure_of(fixture, cano::timeout(1s, wait_with_permit(limit, Alive{alive}))));
    StartedAsync waits{fixture.get_executor(), wait_with_permit(limit, Alive{alive})};
    StartedAsync waits_too{fixture.get_executor(), wait_with_permit(limit, Alive{alive})};
    StartedAsync in_line{fixture.get_executor(), wait_with_permit(limit, Alive{alive})};
    fixture.settle();
    waits.cancel();
    fixture.settle();
    CHECK(in_line.has_ended == false);
    waits_too.cancel();
    in_line.cancel();
    fixture.settle();
    CHECK(limit->try_acquire(2));
  }
  CHECK(alive == 0);
}

TEST_CASE("when_any and a timeout leave the line") {
  SerialClock fixture;
  const LimitPointer limit = limit_of_two(GENERATE(0, 1, 2));
  std::optional<Permit> all;
  fixture.run(keep_permit(limit, {2, {}}, all));
  const auto first = fixture.run(cano::when_any(limit->acquire(2), sleep_for(10ms)));
  CHECK(first.index() == 1);
  CHECK(failure_of(fixture, cano::timeout(10ms, limit->acquire(2))));
  CHECK(limit->waiting() == 0);
  CHECK(fixture.elapsed() == 20ms);
}

TEST_CASE("a limit ends after those who wait for it and who have a permit") {
  SerialClock fixture;
  std::vector<Admission> log;
  const int kind = GENERATE(0, 1, 2);
  LimitPointer limit = limit_of_two(kind);
  Limit& still_there = *limit;
  std::optional<Permit> permit;
  fixture.run(keep_permit(limit, {2, {}}, permit));
  StartedAsync waits{fixture.get_executor(), [](Limit& l) -> Async<void> {
                       const Permit own = co_await l.acquire(1);
                       co_await sleep_for(10ms);
                     }(still_there)};
  fixture.settle();
  limit.reset();
  fixture.run_until(20ms);
  permit.reset();
  fixture.run_all();
  CHECK(waits.has_ended);
  CHECK_FALSE(waits.error);
}

TEST_CASE("a context may go while coroutines wait for a limit") {
  const LimitPointer limit = limit_of_two(GENERATE(0, 1, 2));
  std::atomic<int> alive{0};
  {
    SerialClock fixture;
    StartedAsync a{fixture.get_executor(), wait_with_permit(limit, Alive{alive})};
    StartedAsync b{fixture.get_executor(), wait_with_permit(limit, Alive{alive})};
    StartedAsync c{fixture.get_executor(), wait_with_permit(limit, Alive{alive})};
    StartedAsync d{fixture.get_executor(), wait_with_permit(limit, Alive{alive})};
    fixture.settle();
    CHECK(limit->waiting() == 2);
    fixture.destroy();
  }
  CHECK(alive == 0);
  CHECK(limit->waiting() == 0);
}

TEST_CASE("one context may go while others wait for the same limit") {
  const LimitPointer limit = cano::concurrency_limit(1);
  std::vector<Admission> log;
  SerialClock stays;
  std::optional<SerialClock> goes;
  goes.emplace();
  std::atomic<int> alive{0};
  StartedAsync holds{goes->get_executor(), wait_with_permit(limit, Alive{alive})};
  goes->settle();
  StartedAsync waits{goes->get_executor(), wait_with_permit(limit, Alive{alive})};
  goes->settle();
  StartedAsync next{stays.get_executor(), use_limit(stays, limit, {}, 0s, 7, log)};
  stays.settle();
  goes->destroy();
  stays.settle();
  CHECK(who_of(log) == std::vector{7});
}

TEST_CASE("a loop that is stuck does not hold up the others") {
  const LimitPointer limit = cano::rate_limit(1, 1s, 1);
  SerialClock stuck;
  SerialClock works;
  std::vector<Admission> log;
  std::vector<Admission> late;
  StartedAsync first{works.get_executor(), use_limit(works, limit, {}, 0s, 0, log)};
  works.settle();
  StartedAsync never{stuck.get_executor(), use_limit(stuck, limit, {}, 0s, 1, late)};
  stuck.settle();
  StartedAsync second{works.get_executor(), use_limit(works, limit, {}, 0s, 2, log)};
  works.settle();
  works.run_all();  // the other one's clock stands still
  CHECK(who_of(log) == std::vector{0, 2});
  CHECK(log.back().at == 3s);  // who is stuck had its turn at 2 s, when the first timer fired
  stuck.settle();
  CHECK(who_of(late) == std::vector{1});  // it was served in its turn
}

// ---- random histories against a model

namespace {

struct History {
  std::vector<Admission> log;
  std::vector<int> asked;  // in the order in which they came to the limit
  std::vector<std::unique_ptr<StartedAsync<void>>> all;
};

class NoteEnd {
 public:
  NoteEnd(const SerialClock& fixture, History& history, std::size_t place)
      : clock_{fixture}, history_{history}, place_{place} {}
  NoteEnd(const NoteEnd&) = delete;
  NoteEnd& operator=(const NoteEnd&) = delete;
  ~NoteEnd() { history_.log[place_].until = clock_.elapsed(); }

 private:
  const SerialClock& clock_;
  History& history_;
  std::size_t place_;
};

Async<void> ask_in_turn(const SerialClock& fixture, Duration when, LimitPointer limit, LimitUse use,
                        Duration work, bool fails, int who, History& history) {
  co_await sleep_for(when);
  history.asked.push_back(who);
  const Permit permit = co_await limit->acquire(use);
  const std::size_t place = history.log.size();
  history.log.push_back({who, use.cost, fixture.elapsed(), Duration::max()});
  const NoteEnd note_end{fixture, history, place};
  co_await sleep_for(work);
  if (fails) throw std::runtime_error{"it was not to be"};
}

// Coroutines that come at random times, of random costs, some of which do not want to wait long,
// fail or are cancelled.
void play_history(SerialClock& fixture, const LimitPointer& limit, unsigned seed,
                  History& history) {
  std::minstd_rand random{seed};
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  std::vector<std::pair<Duration, int>> cancellations;
  for (int i = 0; i < 60; ++i) {
    const Duration when = 50ms * static_cast<int>(below(80));
    LimitUse use{1 + below(limit->capacity()), {}};
    if (below(4) == 0) use.max_wait = 50ms * static_cast<int>(below(30));
    const Duration work = 50ms * static_cast<int>(below(10));
    history.all.push_back(std::make_unique<StartedAsync<void>>(
        fixture.get_executor(),
        ask_in_turn(fixture, when, limit, use, work, below(5) == 0, i, history)));
    if (below(4) == 0) cancellations.emplace_back(when + 50ms * static_cast<int>(below(20)), i);
  }
  std::sort(cancellations.begin(), cancellations.end());
  for (const auto& [when, who] : cancellations) {
    fixture.run_until(when);
    history.all[static_cast<std::size_t>(who)]->cancel();
  }
  fixture.run_all();
  for (const auto& each : history.all)
    REQUIRE(each->has_ended);
  REQUIRE(limit->waiting() == 0);
}

// Nobody was let through later than one who asked later.
void check_order(const History& history) {
  const auto place = [&](int who) {
    return std::find(history.asked.begin(), history.asked.end(), who) - history.asked.begin();
  };
  for (const Admission& one : history.log) {
    for (const Admission& other : history.log)
      REQUIRE((one.at <= other.at || place(one.who) > place(other.who)));
  }
}

}  // namespace

TEST_CASE("a concurrency limit never lets more through than it says") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    SerialClock fixture;
    const LimitPointer limit = cano::concurrency_limit(1 + seed % 5);
    History history;
    play_history(fixture, limit, seed, history);
    check_order(history);
    for (const Admission& moment : history.log) {
      std::size_t sum = 0;
      for (const Admission& each : history.log)
        if (each.at <= moment.at && moment.at < each.until) sum += each.cost;
      REQUIRE(sum <= limit->capacity());
    }
    REQUIRE(limit->try_acquire(limit->capacity()));  // all have come back
  }
}

TEST_CASE("a rate limit never lets more through than it says, in any window") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    SerialClock fixture;
    const std::size_t rate = 1 + seed % 7;
    const LimitPointer limit = cano::rate_limit(rate, 500ms, 1 + seed % 4);
    History history;
    play_history(fixture, limit, seed, history);
    check_order(history);
    for (const Admission& first : history.log) {
      for (const Admission& last : history.log) {
        std::size_t sum = 0;
        for (const Admission& each : history.log)
          if (each.at >= first.at && each.at <= last.at) sum += each.cost;
        if (sum <= limit->capacity()) continue;
        const auto nanoseconds = static_cast<std::size_t>((last.at - first.at).count());
        REQUIRE((sum - limit->capacity()) * 500'000'000 <= nanoseconds * rate);
      }
    }
  }
}

TEST_CASE("a sliding window never lets more through than it says, in any window") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    SerialClock fixture;
    const LimitPointer limit = cano::sliding_window(1 + seed % 5, 400ms);
    History history;
    play_history(fixture, limit, seed, history);
    check_order(history);
    for (const Admission& first : history.log) {
      std::size_t sum = 0;
      for (const Admission& each : history.log)
        if (each.at >= first.at && each.at < first.at + 400ms) sum += each.cost;
      REQUIRE(sum <= limit->capacity());
    }
  }
}
