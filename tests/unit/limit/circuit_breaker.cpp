// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/timeout.hpp>
#include <cano/limit/circuit_breaker.hpp>
#include <cano/limit/circuit_breaker_options.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>
#include <cano/testing/recording_observer.hpp>

#include "support/async.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using cano::Async;
using cano::CircuitBreaker;
using cano::CircuitBreakerOptions;
using cano::CircuitState;
using cano::Duration;
using cano::Errc;
using namespace std::chrono_literals;

namespace {

using BreakerPointer = std::shared_ptr<CircuitBreaker>;

Async<int> succeed_after(Duration time) {
  co_await cano::sleep_for(time);
  co_return 7;
}
template <class E> Async<int> throw_after(Duration time, E error) {
  co_await cano::sleep_for(time);
  throw std::move(error);
}
Async<void> give_nothing() { co_return; }

std::exception_ptr call_failing(SerialClock& fixture, CircuitBreaker& breaker) {
  return failure_of(fixture, breaker.call(throw_after(0s, std::runtime_error{"refused"})));
}
cano::Error breaker_error(const std::exception_ptr& failure) {
  return error_of([&] {
    if (failure) std::rethrow_exception(failure);
  });
}

}  // namespace

TEST_CASE("a circuit opens, says when to come back, and closes again") {
  SerialClock fixture;
  const BreakerPointer breaker =
      cano::circuit_breaker({.name = "quotes", .consecutive = 2, .open_for = 30s});
  CHECK(breaker->name() == "quotes");
  CHECK(fixture.run(breaker->call(succeed_after(1s))) == 7);
  fixture.run(breaker->call(give_nothing()));
  call_failing(fixture, *breaker);
  CHECK(breaker->state() == CircuitState::Closed);
  call_failing(fixture, *breaker);
  CHECK(breaker->state() == CircuitState::Open);

  fixture.run_until(11s);
  const cano::Error refused = breaker_error(failure_of(fixture, breaker->call(succeed_after(0s))));
  CHECK(refused.errc() == Errc::CircuitOpen);
  CHECK(refused.retry_after() == Duration{20s});
  CHECK(refused.message() == "The circuit breaker quotes is open for 20 s");

  fixture.run_until(31s);
  StartedAsync probe{fixture.get_executor(), breaker->call(succeed_after(1s))};
  fixture.settle();
  CHECK(breaker->state() == CircuitState::HalfOpen);
  const cano::Error busy = breaker_error(failure_of(fixture, breaker->call(succeed_after(0s))));
  CHECK(busy.errc() == Errc::CircuitOpen);
  CHECK_FALSE(busy.retry_after());
  CHECK(busy.message() == "The circuit breaker quotes is half open: its probes have not ended yet");
  fixture.run_all();
  CHECK(probe.result() == 7);
  CHECK(breaker->state() == CircuitState::Closed);
}

TEST_CASE("what is cancelled counts neither way") {
  SerialClock fixture;
  const BreakerPointer breaker = cano::circuit_breaker({.consecutive = 1, .open_for = 1s});
  for (int i = 0; i < 3; ++i) {
    CHECK(failure_of(fixture, cano::timeout(10ms, breaker->call(succeed_after(1h)))));
    CHECK(breaker->state() == CircuitState::Closed);
  }
  CHECK(failure_of(fixture, breaker->call(throw_after(0s, cano::Error{Errc::Cancelled, "x"}))));
  CHECK(breaker->state() == CircuitState::Closed);
  {
    const CircuitBreaker::Call forgotten = breaker->begin();
  }
  CHECK(breaker->state() == CircuitState::Closed);
  // And a cancelled probe makes room for the next.
  call_failing(fixture, *breaker);
  fixture.run_until(fixture.elapsed() + 1s);
  CHECK(failure_of(fixture, cano::timeout(10ms, breaker->call(succeed_after(1h)))));
  CHECK(breaker->state() == CircuitState::HalfOpen);
  CHECK(fixture.run(breaker->call(succeed_after(0s))) == 7);
  CHECK(breaker->state() == CircuitState::Closed);
}

TEST_CASE("which failures count") {
  SerialClock fixture;
  SECTION("unless told, what is worth a retry; a mistake in the program counts neither way") {
    const BreakerPointer breaker = cano::circuit_breaker({.consecutive = 2});
    call_failing(fixture, *breaker);
    CHECK(failure_of(fixture, breaker->call(throw_after(0s, std::logic_error{"a mistake"}))));
    CHECK(breaker->state() == CircuitState::Closed);
    call_failing(fixture, *breaker);
    CHECK(breaker->state() == CircuitState::Open);
  }
  SECTION("a predicate decides: what is none is a success") {
    std::vector<std::string> asked;
    CircuitBreakerOptions options{.consecutive = 2};
    options.counts_as_failure = [&](const std::exception_ptr& why) {
      asked.push_back(breaker_error(why).message());
      return asked.back() != "not found";
    };
    const BreakerPointer breaker = cano::circuit_breaker(options);
    for (const char* const text : {"down", "not found", "down", "down"}) {
      CHECK(breaker->state() == CircuitState::Closed);
      CHECK(failure_of(fixture,
                       breaker->call(throw_after(0s, cano::Error{Errc::TaskExecution, text}))));
    }
    CHECK(breaker->state() == CircuitState::Open);
    CHECK(asked == std::vector<std::string>{"down", "not found", "down", "down"});
  }
}

TEST_CASE("a slow call is a failure, whatever came of it") {
  SerialClock fixture;
  const BreakerPointer breaker = cano::circuit_breaker({.consecutive = 2, .slow_call = 2s});
  for (const Duration time : {2s + 1ns, 2s + 0ns, 3s + 0ns, 4s + 0ns}) {
    CHECK(breaker->state() == CircuitState::Closed);
    CHECK(fixture.run(breaker->call(succeed_after(time))) == 7);
  }
  CHECK(breaker->state() == CircuitState::Open);
}

TEST_CASE("a circuit opens at a share of failures") {
  SerialClock fixture;
  SECTION("of the last calls") {
    const BreakerPointer breaker =
        cano::circuit_breaker({.consecutive = 0, .window = 4, .failure_rate = 0.5, .min_calls = 4});
    call_failing(fixture, *breaker);
    fixture.run(breaker->call(succeed_after(0s)));
    fixture.run(breaker->call(succeed_after(0s)));
    CHECK(breaker->state() == CircuitState::Closed);
    call_failing(fixture, *breaker);
    CHECK(breaker->state() == CircuitState::Open);
  }
  SECTION("of those in a time") {
    const BreakerPointer breaker = cano::circuit_breaker(
        {.consecutive = 0, .window = 10s, .failure_rate = 0.5, .min_calls = 2});
    call_failing(fixture, *breaker);
    fixture.run_until(11s);  // it is forgotten
    fixture.run(breaker->call(succeed_after(0s)));
    fixture.run(breaker->call(succeed_after(0s)));
    call_failing(fixture, *breaker);
    CHECK(breaker->state() == CircuitState::Closed);
    call_failing(fixture, *breaker);
    CHECK(breaker->state() == CircuitState::Open);
  }
}

TEST_CASE("a circuit can be forced, and observers see each change") {
  SerialClock fixture;
  const BreakerPointer breaker =
      cano::circuit_breaker({.name = "q", .consecutive = 1, .open_for = 2s});
  const auto seen = std::make_shared<cano::RecordingObserver>();
  breaker->add_observer(seen);
  CHECK(error_of([&] { breaker->add_observer(nullptr); }).errc() == Errc::Configuration);
  call_failing(fixture, *breaker);
  fixture.run_until(2s);
  fixture.run(breaker->call(succeed_after(0s)));
  breaker->force_open();
  breaker->force_open();
  const cano::Error refused = error_of([&] { static_cast<void>(breaker->begin()); });
  CHECK(refused.message() == "The circuit breaker q is open: it was forced to be");
  CHECK_FALSE(refused.retry_after());
  breaker->force_closed();
  call_failing(fixture, *breaker);
  CHECK(breaker->state() == CircuitState::Closed);
  breaker->reset();
  call_failing(fixture, *breaker);
  std::vector<std::string> lines;
  for (const cano::RecordedEvent& event : seen->all("circuit_changed")) {
    lines.push_back(*event.field<std::string>("from") + '>' + *event.field<std::string>("to") +
                    (*event.field<bool>("forced") ? "!" : ""));
  }
  CHECK(lines == std::vector<std::string>{"closed>open", "open>half_open", "half_open>closed",
                                          "closed>open!", "open>closed!", "closed>open"});
  CHECK(*seen->all("circuit_changed")[0].field<double>("open_for_ms") == 2000.0);
}

TEST_CASE("an observer may ask the breaker, and changes it makes are told after the first") {
  struct Closes : cano::Observer {
    std::weak_ptr<CircuitBreaker> breaker;
    std::vector<CircuitState> states;
    void on_circuit_changed(const cano::CircuitChanged& e) override {
      states.push_back(e.to);
      if (e.to == CircuitState::Open) breaker.lock()->reset();
    }
  };
  SerialClock fixture;
  const BreakerPointer breaker = cano::circuit_breaker({.consecutive = 1});
  const auto closes = std::make_shared<Closes>();
  closes->breaker = breaker;
  breaker->add_observer(closes);
  call_failing(fixture, *breaker);
  CHECK(breaker->state() == CircuitState::Closed);
  CHECK(closes->states == std::vector{CircuitState::Open, CircuitState::Closed});
}
