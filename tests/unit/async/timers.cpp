// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/timers.hpp>
#include <cano/duration.hpp>

#include "support/async_chains.hpp"
#include "support/catch.hpp"

using cano::Duration;
using cano::steady_time;
using cano::detail::Loop;
using cano::detail::LoopMember;
using cano::detail::Sleeper;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// Notes its number, and when that was.
class NotingSleeper final : public Sleeper {
 public:
  struct Log {
    std::vector<int> numbers;
    bool came_early = false;
  };

  NotingSleeper(Loop& loop, Log& log, int number, steady_time until)
      : loop_{&loop}, log_{&log}, number_{number} {
    sleep_until(until);
  }
  ~NotingSleeper() { loop_->remove(*this); }

  void sleep_until(steady_time until) {
    deadline = until;
    loop_->add(*this);
  }
  void wake() override {
    log_->numbers.push_back(number_);
    log_->came_early = log_->came_early || loop_->now() < deadline;
    if (then) then();
  }
  void drop() noexcept override { log_->numbers.push_back(-number_); }
  void expire() override { loop_->push(*this); }

  std::function<void()> then;

 private:
  Loop* loop_;
  Log* log_;
  int number_;
};
using Log = NotingSleeper::Log;

// Keeps the context at work.
class IdleMember final : public LoopMember {
 public:
  explicit IdleMember(Loop& loop) : loop_{&loop} { loop.join(*this); }
  ~IdleMember() { loop_->leave(*this); }
  void drop_work() noexcept override {}
  void cancel_work() noexcept override {}

 private:
  Loop* loop_;
};

struct Sleepers {
  explicit Sleepers(Place where) : place{where}, loop{Loop::of(place.executor())} {}

  NotingSleeper& add(int number, Duration duration) {
    all.push_back(std::make_unique<NotingSleeper>(*loop, log, number, start + duration));
    return *all.back();
  }

  PlacedContext place;
  Loop::Pointer loop;
  steady_time start = loop->now();
  Log log;
  std::vector<std::unique_ptr<NotingSleeper>> all;
};

}  // namespace

TEST_CASE("sleepers wake by deadline, and none too early") {
  Sleepers sleepers{any_place()};
  sleepers.add(3, 600us);
  sleepers.add(1, 200us);
  sleepers.add(2, 400us);
  sleepers.add(0, -1h);
  sleepers.place.run();
  CHECK(sleepers.log.numbers == std::vector<int>{0, 1, 2, 3});
  CHECK_FALSE(sleepers.log.came_early);
  CHECK(sleepers.loop->timers().empty());
}

TEST_CASE("sleepers of one deadline wake in the order in which they came") {
  Sleepers sleepers{any_place()};
  std::vector<int> all;
  for (int i = 1; i <= 1000; ++i) {
    sleepers.add(i, 100us);
    all.push_back(i);
  }
  sleepers.place.run();
  CHECK(sleepers.log.numbers == all);
}

TEST_CASE("a sleeper that comes later may be the first") {
  Sleepers sleepers{any_place()};
  NotingSleeper& late = sleepers.add(2, 1h);
  NotingSleeper& early = sleepers.add(1, 100us);
  const IdleMember member{*sleepers.loop};
  early.then = [&] {
    sleepers.loop->remove(late);
    sleepers.add(3, 300us).then = [&] { sleepers.place.context().stop(); };
  };
  sleepers.place.run();
  CHECK(sleepers.log.numbers == std::vector<int>{1, 3});
}

TEST_CASE("a sleeper may sleep again when it wakes") {
  Sleepers sleepers{any_place()};
  int left = 5;
  NotingSleeper& sleeper = sleepers.add(1, 50us);
  sleeper.then = [&] {
    if (--left > 0) sleeper.sleep_until(sleepers.loop->now() + 50us);
  };
  sleepers.place.run();
  CHECK(sleepers.log.numbers.size() == 5);
  CHECK_FALSE(sleepers.log.came_early);
}

TEST_CASE("a timer that is not needed any more does not keep the context at work") {
  Sleepers sleepers{any_place()};
  std::optional<IdleMember> member{*sleepers.loop};
  NotingSleeper& late = sleepers.add(2, 1h);
  sleepers.add(1, 50us).then = [&] {
    sleepers.loop->remove(late);
    member.reset();  // the last work
  };
  sleepers.place.run();
  CHECK(sleepers.log.numbers == std::vector<int>{1});
  CHECK(sleepers.loop->now() - sleepers.start < 1min);
}

TEST_CASE("a sleeper until the end of time has no timer") {
  Sleepers sleepers{any_place()};
  sleepers.all.push_back(
      std::make_unique<NotingSleeper>(*sleepers.loop, sleepers.log, 2, steady_time::max()));
  sleepers.place.run();
  CHECK(sleepers.log.numbers.empty());
  CHECK_FALSE(sleepers.loop->timers().empty());
}

TEST_CASE("an exception out of a sleeper leaves the others to be woken") {
  Sleepers sleepers{any_place()};
  sleepers.add(1, 100us).then = [] { throw std::runtime_error{"sleeper"}; };
  sleepers.add(2, 100us);
  sleepers.add(3, 300us);
  CHECK_THROWS_AS(sleepers.place.run(), std::runtime_error);
  sleepers.place.run();
  CHECK(sleepers.log.numbers == std::vector<int>{1, 2, 3});
}

TEST_CASE("the loops of a context that one thread runs share one timer") {
  Sleepers sleepers{Place::SerialContext};
  const auto other = Loop::of(asio::make_strand(sleepers.place.context()));
  REQUIRE(other != sleepers.loop);
  CHECK(&other->timers() == &sleepers.loop->timers());
  sleepers.add(2, 400us);
  NotingSleeper first{*other, sleepers.log, 1, sleepers.start + 200us};
  NotingSleeper third{*other, sleepers.log, 3, sleepers.start + 600us};
  sleepers.place.run();
  // On a busy machine all are due at once, and each loop wakes its own.
  std::sort(sleepers.log.numbers.begin(), sleepers.log.numbers.end());
  CHECK(sleepers.log.numbers == std::vector<int>{1, 2, 3});
}

TEST_CASE("sleepers are dropped with their context") {
  Sleepers sleepers{any_place()};
  sleepers.add(1, 1h);
  sleepers.add(2, 2h);
  sleepers.place.settle();
  sleepers.place.destroy();
  CHECK(sleepers.log.numbers == std::vector<int>{-1, -2});
}
