// SPDX-License-Identifier: MIT
// What would end a run meets it while it undoes, from another thread: a stop, the join of the split
// that it is a branch of, a limit. For ThreadSanitizer and AddressSanitizer.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <cano/async/async.hpp>
#include <cano/async/mailbox.hpp>
#include <cano/async/sleep.hpp>
#include <cano/compose/join.hpp>
#include <cano/compose/split.hpp>
#include <cano/compose/sub_workflow.hpp>
#include <cano/compose/undoable.hpp>
#include <cano/run_options.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/races.hpp"

namespace undo_threads {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using cano::Async;
using Strings = std::vector<std::string>;

enum class Step { First, Second, Third, Fails, Done };
constexpr std::size_t steps = 3;

// How an undo meets the other thread: it says that it has begun, and waits to be let go on.
struct Meeting {
  std::binary_semaphore begun{0};
  cano::Mailbox<> go_on;
};

// Guarded by nothing: only the tasks of its run touch it.
struct Trip {
  explicit Trip(Meeting& m, std::size_t at = 0) : meeting{&m}, meets_at{at} {}

  Meeting* meeting;
  std::size_t meets_at;     // the step whose undo meets the other thread
  bool fails_once = false;  // that undo
  cano::Duration pause{};   // of each undo
  int wrong = 0;
  Strings log;
};
using Flow = cano::Workflow<Step, Trip>;

template <template <class...> class Coroutine> struct Booking {
  std::size_t step;
  Step run(Trip& trip) const {
    trip.log.push_back("do " + std::to_string(step));
    return static_cast<Step>(step + 1);
  }
  Coroutine<void> undo(Trip& trip, cano::TaskContext& context) const {
    if (trip.pause > 0ms) co_await cano::sleep_for(trip.pause);
    if (step == trip.meets_at && context.attempt() == 1) {
      trip.meeting->begun.release();
      co_await trip.meeting->go_on.receive();
      if (trip.fails_once) throw std::runtime_error{"try again"};
    }
    trip.wrong += context.stop_token().stop_requested() || context.remaining() ? 1 : 0;
    trip.log.push_back("undo " + std::to_string(step));
  }
  static cano::TaskConfig undo_config() { return cano::TaskConfig{}.with_fixed_retry(1, 0ms); }
};

Step no_seat(Trip&) { throw std::runtime_error{"no seat"}; }

Flow trip_flow() {
  return Flow{Step::First}
      .add(Step::First, Booking<Async>{0})
      .add(Step::Second, Booking<asio::awaitable>{1})
      .add(Step::Third, Booking<Async>{2})
      .add(Step::Fails, no_seat, cano::TaskConfig::minimal())
      .add_exit_state(Step::Done);
}
const Strings done_and_undone{"do 0", "do 1", "do 2", "undo 2", "undo 1", "undo 0"};

// On a pool, where each step may be on another thread, and on a shard.
struct Executors {
  asio::thread_pool pool{4};
  cano::Runtime runtime{4};
  asio::any_io_executor of(int turn) {
    if (turn % 2 == 0) return pool.get_executor();
    return runtime.get_executor();
  }
  auto start(int turn, const Flow& flow, Trip& trip, const cano::RunOptions& options) {
    return asio::co_spawn(of(turn), flow.try_orchestrate(trip, options), asio::use_future);
  }
};

TEST_CASE("a stop request of another thread does not end an undo") {
  Executors executors;
  const Flow flow = trip_flow();
  for (int turn = 0; turn < races(300, 60); ++turn) {
    Meeting meeting;
    Trip trip{meeting, static_cast<std::size_t>(turn) % steps};
    trip.fails_once = turn % 4 < 2;
    std::stop_source stop;
    auto ended = executors.start(turn, flow, trip, cano::RunOptions{}.with_stop(stop.get_token()));
    std::jthread other{[&] {
      meeting.begun.acquire();
      stop.request_stop();
      meeting.go_on.send();
    }};
    const auto result = ended.get();
    REQUIRE(result.is_failed());
    REQUIRE(result.error_message() == "no seat");
    REQUIRE(result.done() == Strings{"First", "Second", "Third"});
    REQUIRE(result.undone() == Strings{"Third", "Second", "First"});
    REQUIRE(result.failed_to_undo().empty());
    REQUIRE(trip.log == done_and_undone);
    REQUIRE(trip.wrong == 0);
  }
}

TEST_CASE("a run that is stopped while it undoes after a stop goes on undoing") {
  Executors executors;
  const auto waits = [](Trip& trip) -> Async<Step> {
    trip.meeting->begun.release();
    co_await cano::sleep_for(1h);
    co_return Step::Done;
  };
  const Flow flow = Flow{Step::First}
                        .add(Step::First, Booking<Async>{0})
                        .add(Step::Second, Booking<asio::awaitable>{1})
                        .add(Step::Third, waits)
                        .add_exit_state(Step::Done);
  for (int turn = 0; turn < races(300, 60); ++turn) {
    Meeting meeting;
    Trip trip{meeting, static_cast<std::size_t>(turn / 2) % 2};
    std::stop_source stop;
    auto ended = executors.start(turn, flow, trip, cano::RunOptions{}.with_stop(stop.get_token()));
    std::jthread first{[&] {
      meeting.begun.acquire();
      stop.request_stop();
      meeting.begun.acquire();
      stop.request_stop();
      meeting.go_on.send();
    }};
    const auto result = ended.get();
    REQUIRE(result.is_cancelled());
    REQUIRE(result.undone() == Strings{"Second", "First"});
    REQUIRE(trip.log == Strings{"do 0", "do 1", "undo 1", "undo 0"});
    REQUIRE(trip.wrong == 0);
  }
}

// ---- the run is a branch, and its join holds while it undoes

enum class Race { Start, Done };
struct Course {
  explicit Course(Meeting& m, std::size_t at) : meeting{&m}, trip{m, at} {}
  Meeting* meeting;
  Trip trip;
  cano::Mailbox<> finish;  // what the winner waits for
};

// Wins, and lets the loser go on once its join is decided.
Async<int> win(Course& course) {
  co_await course.finish.receive();
  const auto executor = co_await asio::this_coro::executor;
  asio::post(executor, [meeting = course.meeting] { meeting->go_on.send(); });
  co_return 1;
}
Async<int> lose(const Flow& flow, Course& course) {
  co_await flow.orchestrate(course.trip);
  co_return 0;
}

TEST_CASE("a loser that undoes when its join is decided is waited for until that is done") {
  Executors executors;
  const Flow flow = trip_flow();
  const auto loser = [&flow](Course& course) { return lose(flow, course); };
  using Results = std::vector<cano::Outcome>;
  Results outcomes;
  const auto join = [&](Course& course, cano::BranchResult<int>& won,
                        cano::BranchResult<int>& lost) {
    outcomes = {won.outcome(), lost.outcome()};
    course.trip.log.emplace_back("joined");
    return Race::Done;
  };
  const auto race =
      cano::Workflow<Race, Course>{Race::Start}
          .add(Race::Start, cano::split(win, loser).join(cano::Join::any(), std::cref(join)))
          .add_exit_state(Race::Done);
  Strings expected = done_and_undone;
  expected.emplace_back("joined");
  for (int turn = 0; turn < races(300, 60); ++turn) {
    Meeting meeting;
    Course course{meeting, static_cast<std::size_t>(turn) % steps};
    auto ended = asio::co_spawn(executors.of(turn), race.try_orchestrate(course), asio::use_future);
    std::jthread other{[&] {
      meeting.begun.acquire();
      course.finish.send();
    }};
    REQUIRE(ended.get().is_success());
    REQUIRE(course.trip.log == expected);
    REQUIRE(course.trip.wrong == 0);
    REQUIRE(outcomes[0] == cano::Outcome::Success);
    REQUIRE(outcomes[1] != cano::Outcome::Success);
  }
}

TEST_CASE("limits that pass while a run undoes do not end that, nor does a stop then") {
  Executors executors;
  const Flow flow = trip_flow();
  for (int turn = 0; turn < races(100, 20); ++turn) {
    Meeting meeting;
    Trip trip{meeting, static_cast<std::size_t>(turn) % steps};
    trip.pause = 200us;
    std::stop_source stop;
    const auto options =
        cano::RunOptions{}.with_stop(stop.get_token()).with_timeout(turn % 3 == 0 ? 50us : 500us);
    auto ended = executors.start(turn, flow, trip, options);
    std::jthread other{[&](const std::stop_token& is_over) {
      while (!meeting.begun.try_acquire_for(1ms))
        if (is_over.stop_requested()) return;
      stop.request_stop();
      meeting.go_on.send();
    }};
    const auto result = ended.get();  // where the machine is slow, out of time before that
    REQUIRE(result.is_failed());
    REQUIRE(result.done().size() == result.undone().size());
    REQUIRE(result.failed_to_undo().empty());
    REQUIRE(trip.log.size() == 2 * result.done().size());
    REQUIRE(trip.wrong == 0);
  }
}

}  // namespace undo_threads
