// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <exception>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <cano/retry_after.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

using namespace engine;
using cano::Errc;
using cano::RetryPolicy;
using cano::TaskConfig;
using cano::VirtualTime;

namespace {

constexpr auto no_jitter = [](std::size_t retries) {
  return TaskConfig{}.with_retry(RetryPolicy::exponential(retries, 100ms, 2.0, 30'000ms, 0.0));
};

// A Node that fails in a phase until the store has counted enough calls.
struct Shaky {
  enum class Fails { Prep, Exec, Post };
  Fails where;
  int failures;

  int prep(Data& data) const {
    ++data.calls;
    data.log.push_back("prep");
    fail_in(Fails::Prep, data.calls);
    return data.calls;
  }
  int exec(int call) const {
    fail_in(Fails::Exec, call);
    return call;
  }
  S post(Data& data, int call) const {
    fail_in(Fails::Post, call);
    data.log.push_back("post");
    return S::Done;
  }
  void fail_in(Fails phase, int call) const {
    if (phase == where && call <= failures)
      throw std::runtime_error{"call " + std::to_string(call)};
  }
};

// The same with phases that may wait.
struct SlowShaky {
  Shaky inner;
  asio::awaitable<int> prep(Data& data) const { co_return inner.prep(data); }
  asio::awaitable<int> exec(int call) const { co_return inner.exec(call); }
  asio::awaitable<S> post(Data& data, int call) const { co_return inner.post(data, call); }
};

// Each counts down what it holds itself; the first is small enough to be stored in the state's
// slot.
struct SmallCounter {
  mutable int failures = 2;
  S run(Data& data) const {
    ++data.calls;
    if (failures-- > 0) throw std::runtime_error{"not yet"};
    return S::Done;
  }
};
struct LargeCounter {
  SmallCounter inner{};
  std::string name{"of any length"};
  S run(Data& data) const { return inner.run(data); }
};

struct OwnException {
  int code;
};

Flow failing_with(std::exception_ptr thrown, std::size_t retry_count, bool awaited) {
  Flow flow{S::A};
  if (awaited) {
    flow.add(
        S::A,
        [thrown](Data& d) -> asio::awaitable<S> {
          ++d.calls;
          std::rethrow_exception(thrown);
          co_return S::Done;
        },
        retries(retry_count));
  } else {
    flow.add(
        S::A,
        [thrown](Data& d) -> S {
          ++d.calls;
          std::rethrow_exception(thrown);
        },
        retries(retry_count));
  }
  return flow.add_exit_state(S::Done);
}

// How many attempts a task that always fails so gets when there could be three.
int attempts_for(std::exception_ptr thrown) {
  int calls = 0;
  for (const bool awaited : {false, true}) {
    Data data;
    VirtualTime time;
    const auto result = result_of(time, failing_with(thrown, 2, awaited), data);
    CHECK_FALSE(result.is_success());
    CHECK(result.attempts() == static_cast<std::size_t>(data.calls));
    if (awaited) {
      CHECK(data.calls == calls);
    }
    calls = data.calls;
  }
  return calls;
}

}  // namespace

TEST_CASE("every attempt is one of the same task, however it is called") {
  const auto calls = [](auto task, const TaskConfig& config) {
    VirtualTime time;
    Data data;
    CHECK(result_of(time, Flow{S::A}.add(S::A, task, config).add_exit_state(S::Done), data)
              .is_success());
    return data.calls;
  };
  CHECK(calls(SmallCounter{}, retries(3)) == 3);
  CHECK(calls(SmallCounter{}, retries(3).with_timeout(1h)) == 3);
  CHECK(calls(LargeCounter{}, retries(3)) == 3);
  CHECK(calls(LargeCounter{}, retries(3).with_timeout(1h)) == 3);
}

TEST_CASE("a Node makes one attempt more than its retries, whichever phase fails") {
  using Fails = Shaky::Fails;
  for (const Fails phase : {Fails::Prep, Fails::Exec, Fails::Post}) {
    for (const bool slow : {false, true}) {
      Data data;
      VirtualTime time;
      Flow flow{S::A};
      const Shaky node{phase, 1000};
      if (slow) {
        flow.add(S::A, SlowShaky{node}, retries(2, 50ms));
      } else {
        flow.add(S::A, node, retries(2, 50ms));
      }
      const auto result = result_of(time, flow, data);
      CHECK(result.is_failed());
      CHECK(result.error_message() == "call 3");
      CHECK(data.calls == 3);
      CHECK(result.attempts() == 3);
      CHECK(result.elapsed() == 100ms);
      CHECK(time.elapsed() == 100ms);
    }
  }
}

TEST_CASE("the default policy is four attempts, never sixteen") {
  Data data;
  VirtualTime time;
  Flow flow{S::A};
  flow.add(S::A, Shaky{Shaky::Fails::Exec, 1000});
  CHECK(result_of(time, flow, data).attempts() == 4);
  CHECK(data.calls == 4);
  CHECK(time.elapsed() >= 630ms);  // 100 + 200 + 400 ms, each give or take a tenth
  CHECK(time.elapsed() <= 770ms);
}

TEST_CASE("a Node that fails twice runs all three phases again and then succeeds") {
  Data data;
  VirtualTime time;
  const Flow flow =
      Flow{S::A}.add(S::A, Shaky{Shaky::Fails::Post, 2}, no_jitter(3)).add_exit_state(S::Done);
  const auto result = result_of(time, flow, data);
  CHECK(result.is_success());
  CHECK(data.log == std::vector<std::string>{"prep", "prep", "prep", "post"});
  CHECK(result.attempts() == 3);
  CHECK(result.transitions() == 1);
  CHECK(time.elapsed() == 300ms);
}

TEST_CASE("pauses follow the policy to the millisecond") {
  const auto elapsed = [](TaskConfig config) {
    Data data;
    VirtualTime time;
    Flow flow{S::A};
    flow.add(S::A, [](Data&) -> S { throw std::runtime_error{"no"}; }, std::move(config));
    CHECK(result_of(time, flow, data).is_failed());
    return time.elapsed();
  };
  CHECK(elapsed(once()) == 0ms);
  CHECK(elapsed(retries(3, 7ms)) == 21ms);
  CHECK(elapsed(retries(5, 0ms)) == 0ms);
  CHECK(elapsed(no_jitter(3)) == 700ms);
  CHECK(elapsed(TaskConfig{}.with_retry(RetryPolicy::exponential(4, 100ms, 10.0, 500ms, 0.0))) ==
        1600ms);
}

TEST_CASE("every visit to a state has all its attempts") {
  Data data;
  VirtualTime time;
  // Fails on the odd calls: each of the five visits needs its one retry.
  const auto every_other = [](Data& d) {
    if (++d.calls % 2 == 1) throw std::runtime_error{"odd"};
    return d.calls == 10 ? S::Done : S::A;
  };
  const Flow flow = Flow{S::A}.add(S::A, every_other, retries(1, 10ms)).add_exit_state(S::Done);
  const auto result = result_of(time, flow, data);
  CHECK(result.is_success());
  CHECK(result.attempts() == 10);
  CHECK(result.transitions() == 5);
  CHECK(time.elapsed() == 50ms);
}

TEST_CASE("what another attempt cannot mend is not retried by default") {
  CHECK(attempts_for(std::make_exception_ptr(std::runtime_error{"x"})) == 3);
  CHECK(attempts_for(std::make_exception_ptr(std::bad_alloc{})) == 3);
  CHECK(attempts_for(std::make_exception_ptr(7)) == 3);
  CHECK(attempts_for(std::make_exception_ptr("text")) == 3);
  CHECK(attempts_for(std::make_exception_ptr(OwnException{1})) == 3);
  CHECK(attempts_for(std::make_exception_ptr(
            std::system_error{std::make_error_code(std::errc::io_error)})) == 3);
  CHECK(attempts_for(std::make_exception_ptr(
            boost::system::system_error{boost::asio::error::connection_refused})) == 3);

  CHECK(attempts_for(std::make_exception_ptr(std::logic_error{"x"})) == 1);
  CHECK(attempts_for(std::make_exception_ptr(std::out_of_range{"x"})) == 1);
  CHECK(attempts_for(std::make_exception_ptr(
            boost::system::system_error{boost::asio::error::operation_aborted})) == 1);
  CHECK(attempts_for(std::make_exception_ptr(
            std::system_error{std::make_error_code(std::errc::operation_canceled)})) == 1);
}

TEST_CASE("the kind of an Error decides whether it is retried by default") {
  const auto attempts = [](Errc code) {
    return attempts_for(std::make_exception_ptr(cano::Error{code, "x"}));
  };
  for (const Errc code : {Errc::NodeExecution, Errc::TaskExecution, Errc::Preparation, Errc::Store,
                          Errc::RetryExhausted, Errc::Timeout, Errc::Generic}) {
    CHECK(attempts(code) == 3);
  }
  for (const Errc code : {Errc::Configuration, Errc::Workflow, Errc::KeyNotFound,
                          Errc::TypeMismatch, Errc::AppendTypeMismatch, Errc::Cancelled}) {
    CHECK(attempts(code) == 1);
  }
}

TEST_CASE("an exception of any type passes through unchanged") {
  for (const bool awaited : {false, true}) {
    const auto run_with = [&](std::exception_ptr thrown) {
      Data data;
      run(failing_with(std::move(thrown), 0, awaited), data);
    };
    CHECK(thrown_by<int>([&] { run_with(std::make_exception_ptr(42)); }) == 42);
    static const char* const text = "plain text";
    const char* caught = nullptr;
    try {
      run_with(std::make_exception_ptr(text));
    } catch (const char* thrown) {  // by value: by reference, clang gives a null pointer
      caught = thrown;
    }
    CHECK(caught == text);
    CHECK(thrown_by<OwnException>([&] {
            run_with(std::make_exception_ptr(OwnException{3}));
          }).code == 3);
    const auto original = std::make_exception_ptr(std::runtime_error{"the very same"});
    try {
      run_with(original);
      FAIL("nothing was thrown");
    } catch (const std::runtime_error&) {
      CHECK(std::current_exception() == original);
    }
  }
}

TEST_CASE("what was thrown is reported in words, whatever its type") {
  VirtualTime time;
  Data data;
  const auto text = [&](std::exception_ptr thrown) {
    return result_of(time, failing_with(std::move(thrown), 0, false), data).error_message();
  };
  CHECK(text(std::make_exception_ptr(42)) == "exception of type int: 42");
  CHECK(text(std::make_exception_ptr("text")) == "text");
  CHECK(text(std::make_exception_ptr(std::string{"string"})) == "string");
  CHECK(text(std::make_exception_ptr(OwnException{1})) == "unknown exception");
  CHECK(text(std::make_exception_ptr(static_cast<const char*>(nullptr))) == "unknown exception");
}

TEST_CASE("retry_if decides in place of the default rule") {
  const auto calls = [](RetryPolicy policy, std::exception_ptr thrown) {
    Data data;
    VirtualTime time;
    Flow flow{S::A};
    flow.add(
        S::A,
        [thrown](Data& d) -> S {
          ++d.calls;
          std::rethrow_exception(thrown);
        },
        TaskConfig{}.with_retry(std::move(policy)));
    CHECK_FALSE(result_of(time, flow, data).is_success());
    return data.calls;
  };
  const auto always = RetryPolicy::fixed(2, 1ms).retry_if([](const auto&) { return true; });
  const auto never = RetryPolicy::fixed(2, 1ms).retry_if([](const auto&) { return false; });
  CHECK(calls(always, std::make_exception_ptr(std::logic_error{"x"})) == 3);
  CHECK(calls(never, std::make_exception_ptr(std::runtime_error{"x"})) == 1);
  const auto only_ints = RetryPolicy::fixed(2, 1ms).retry_if([](const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (int) {
      return true;
    } catch (...) {
      return false;
    }
  });
  CHECK(calls(only_ints, std::make_exception_ptr(1)) == 3);
  CHECK(calls(only_ints, std::make_exception_ptr(1.5)) == 1);
}

TEST_CASE("retry_if is asked with the error of a Result too") {
  Data data;
  VirtualTime time;
  std::vector<std::string> seen;
  const auto policy = RetryPolicy::fixed(2, 1ms).retry_if([&](const std::exception_ptr& error) {
    seen.push_back(inside(error).message());
    return true;
  });
  Flow flow{S::A};
  flow.add(
      S::A,
      [](Data& d) -> cano::Result<S> {
        return cano::Error{Errc::Generic, "number " + std::to_string(++d.calls)};
      },
      TaskConfig{}.with_retry(policy));
  const auto result = result_of(time, flow, data);
  CHECK(result.error_message() == "Error: number 3");
  CHECK(seen == std::vector<std::string>{"number 1", "number 2"});
}

TEST_CASE("a retry_if that throws ends the run with its own exception") {
  Data data;
  VirtualTime time;
  const auto policy = RetryPolicy::fixed(2, 1ms).retry_if(
      [](const std::exception_ptr&) -> bool { throw std::runtime_error{"cannot decide"}; });
  Flow flow{S::A};
  flow.add(
      S::A,
      [](Data& d) -> S {
        ++d.calls;
        throw 1;
      },
      TaskConfig{}.with_retry(policy));
  const auto result = result_of(time, flow, data);
  CHECK(result.is_failed());
  CHECK(result.error_message() == "cannot decide");
  CHECK(data.calls == 1);
}

TEST_CASE("with_max_elapsed allows no retry that would start later") {
  const auto attempts = [](std::chrono::milliseconds limit) {
    Data data;
    VirtualTime time;
    Flow flow{S::A};
    flow.add(
        S::A,
        [](Data&) -> asio::awaitable<S> {
          co_await cano::sleep_for(10ms);
          throw std::runtime_error{"x"};
        },
        TaskConfig{}.with_retry(RetryPolicy::fixed(9, 100ms).with_max_elapsed(limit)));
    return result_of(time, flow, data).attempts();
  };
  // Attempts start at 0, 110, 220, 330 ms, ...
  CHECK(attempts(0ms) == 1);
  CHECK(attempts(109ms) == 1);
  CHECK(attempts(110ms) == 2);
  CHECK(attempts(329ms) == 3);
  CHECK(attempts(10'000ms) == 10);
}

TEST_CASE("retry numbers that are no numbers are refused when the policy is made") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinite = std::numeric_limits<double>::infinity();
  for (const double bad : {nan, infinite, -1.0, 0.5}) {
    const auto error = thrown_by([&] { RetryPolicy::exponential(1, 1ms, bad, 1ms, 0.0); });
    CHECK(error.errc() == Errc::Configuration);
  }
  CHECK_THROWS_AS(RetryPolicy::exponential(1, 1ms, 2.0, 1ms, nan), cano::Error);
  CHECK_THROWS_AS(RetryPolicy::fixed(1, -1ms), cano::Error);
  CHECK_THROWS_AS(RetryPolicy::fixed(1, std::chrono::milliseconds::max()), cano::Error);
}

TEST_CASE("a failure that says when to come back is the pause, thrown or returned") {
  const auto elapsed = [](auto task, RetryPolicy policy) {
    Data data;
    VirtualTime time;
    const auto config = TaskConfig{}.with_retry(std::move(policy));
    CHECK(result_of(time, Flow{S::A}.add(S::A, task, config).add_exit_state(S::Done), data)
              .is_success());
    return time.elapsed();
  };
  const auto policy = RetryPolicy::fixed(3, 100ms);
  const auto throws = [](Data& d) -> S {
    if (++d.calls == 1) throw cano::RetryAfter{2s, "busy"};
    if (d.calls == 2) throw std::runtime_error{"refused"};
    return S::Done;
  };
  const auto returns = [](Data& d) -> cano::Result<S> {
    if (++d.calls == 1) return cano::RetryAfter{2s, "busy"};
    if (d.calls == 2) return cano::Error{Errc::Generic, "refused"};
    return S::Done;
  };
  const auto throws_later = [](Data& d) -> cano::Async<S> {
    co_await cano::sleep_for(1ms);
    if (++d.calls == 1) throw cano::RetryAfter{2s, "busy"};
    co_return S::Done;
  };
  const auto returns_later = [](Data& d) -> asio::awaitable<cano::Result<S>> {
    if (++d.calls == 1) co_return cano::RetryAfter{2s, "busy"};
    co_return S::Done;
  };
  const auto nests = [](Data& d) -> S {
    if (++d.calls > 1) return S::Done;
    try {
      throw cano::RetryAfter{2s, "busy"};
    } catch (...) {
      std::throw_with_nested(std::runtime_error{"asking for a quote"});
    }
  };
  CHECK(elapsed(throws, policy) == 2100ms);
  CHECK(elapsed(returns, policy) == 2100ms);
  CHECK(elapsed(throws_later, policy) == 2002ms);
  CHECK(elapsed(returns_later, policy) == 2s);
  CHECK(elapsed(nests, policy) == 2s);
  CHECK(elapsed(throws, policy.with_max_retry_after(0.5s)) == 600ms);
  CHECK(elapsed(throws, policy.with_max_retry_after(5s)) == 2100ms);
}

TEST_CASE("with_delay_from reads the pause from an exception of any type") {
  struct TooManyRequests {
    int seconds;
  };
  Data data;
  VirtualTime time;
  const auto policy =
      RetryPolicy::fixed(5, 100ms).with_delay_from([&](const std::exception_ptr& thrown) {
        try {
          std::rethrow_exception(thrown);
        } catch (const TooManyRequests& refused) {
          return std::optional<cano::Duration>{std::chrono::seconds{refused.seconds}};
        } catch (...) {
          return std::optional<cano::Duration>{};
        }
      });
  const auto task = [](Data& d) -> S {
    switch (++d.calls) {
      case 1:
        throw TooManyRequests{7};
      case 2:
        throw cano::RetryAfter{3s, "busy"};
      case 3:
        throw std::runtime_error{"refused"};
      default:
        return S::Done;
    }
  };
  const Flow flow =
      Flow{S::A}.add(S::A, task, TaskConfig{}.with_retry(policy)).add_exit_state(S::Done);
  CHECK(result_of(time, flow, data).is_success());
  CHECK(time.elapsed() == 10'100ms);

  const auto confused = RetryPolicy::fixed(5, 1ms).with_delay_from(
      [](const std::exception_ptr&) -> std::optional<cano::Duration> {
        throw std::runtime_error{"no header"};
      });
  data = {};
  const auto result =
      result_of(time, Flow{S::A}.add(S::A, task, TaskConfig{}.with_retry(confused)), data);
  CHECK(result.error_message() == "no header");
  CHECK(data.calls == 1);
}

TEST_CASE("a pause that a failure names is never cut: it fits, or the run ends at once") {
  const auto busy = [](Data& d) -> S {
    ++d.calls;
    throw cano::RetryAfter{60s, "busy"};
  };
  Data data;
  VirtualTime time;
  auto result = result_of(time, Flow{S::A}.add(S::A, busy, retries(3).with_timeout(10s)), data);
  CHECK(result.error_message() ==
        "Timeout: The timeout of 10 s would pass in state A in the pause of 1 min after attempt 1 "
        "of 4: Task execution error: busy");
  CHECK(data.calls == 1);
  CHECK(time.elapsed() == 0s);

  data = {};
  const auto in_a_minute = RetryPolicy::fixed(3, 1ms).with_max_elapsed(59s);
  result = result_of(time, Flow{S::A}.add(S::A, busy, TaskConfig{}.with_retry(in_a_minute)), data);
  CHECK(result.error_message() == "Task execution error: busy");
  CHECK(data.calls == 1);

  data = {};
  result = result_of(time, Flow{S::A}.add(S::A, busy, once()), data);
  CHECK(data.calls == 1);  // a policy without retries stays one
}

TEST_CASE("retries without an end go on until one succeeds") {
  Data data;
  VirtualTime time;
  const auto task = [](Data& d) -> S {
    if (++d.calls < 5000) throw std::runtime_error{"not yet"};
    return S::Done;
  };
  const Flow flow =
      Flow{S::A}.add(S::A, task, retries(RetryPolicy::unlimited, 1s)).add_exit_state(S::Done);
  CHECK(result_of(time, flow, data).attempts() == 5000);
  CHECK(time.elapsed() == 4999s);
}
