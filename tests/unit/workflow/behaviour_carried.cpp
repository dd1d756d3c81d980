// SPDX-License-Identifier: MIT
// Exceptions that carry others: judged and told by what they carry.
#include <exception>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <cano/detail/exception_text.hpp>
#include <cano/retry_after.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

using namespace engine;
using cano::Errc;
using cano::RunOptions;
using cano::VirtualTime;

namespace {

template <class Outer, class Inner> std::exception_ptr nested(Outer outer, Inner inner) {
  try {
    try {
      throw std::move(inner);
    } catch (...) {
      std::throw_with_nested(std::move(outer));
    }
  } catch (...) {
    return std::current_exception();
  }
}
template <class Inner> std::exception_ptr several(Inner inner) {
  return std::make_exception_ptr(
      asio::multiple_exceptions{std::make_exception_ptr(std::move(inner))});
}

const boost::system::system_error aborted{asio::error::operation_aborted};

struct Tried {
  int calls;
  std::string text;
};
// What becomes of a task that throws it, with three retries, as a plain function and as coroutines.
Tried tried(const std::exception_ptr& thrown) {
  std::vector<Tried> all;
  const auto add = [&](auto task) {
    Data data;
    VirtualTime time;
    const auto result = result_of(time, Flow{S::A}.add(S::A, task, retries(3)), data);
    CHECK(result.is_failed());
    all.push_back({data.calls, result.error_message()});
  };
  add([&](Data& data) -> S {
    ++data.calls;
    std::rethrow_exception(thrown);
  });
  add([&](Data& data) -> cano::Async<S> {
    ++data.calls;
    co_await cano::sleep_for(1ms);
    std::rethrow_exception(thrown);
  });
  add([&](Data& data) -> asio::awaitable<S> {
    ++data.calls;
    co_await cano::sleep_for(1ms);
    std::rethrow_exception(thrown);
  });
  for (const Tried& each : all) {
    CHECK(each.calls == all.front().calls);
    CHECK(each.text == all.front().text);
  }
  return all.front();
}

asio::awaitable<void> throws_after(cano::Duration delay, std::exception_ptr thrown) {
  co_await cano::sleep_for(delay);
  std::rethrow_exception(thrown);
}
asio::awaitable<void> sleeps(cano::Duration delay) { co_await cano::sleep_for(delay); }

struct Both {
  std::exception_ptr left;  // null: waits for an hour
  std::exception_ptr right;

  static asio::awaitable<void> side(const std::exception_ptr& thrown) {
    return thrown ? throws_after(1ms, thrown) : sleeps(1h);
  }
  asio::awaitable<S> run(Data& data) const {
    using namespace asio::experimental::awaitable_operators;
    ++data.calls;
    co_await (side(left) && side(right));
    co_return S::Done;
  }
};
struct Either {
  asio::awaitable<S> run(Data& data) const {
    using namespace asio::experimental::awaitable_operators;
    ++data.calls;
    co_await (sleeps(1h) || sleeps(2h));
    co_return S::Done;
  }
};

}  // namespace

TEST_CASE("what Asio's && throws is judged and told by the exception that it keeps") {
  Data data;
  VirtualTime time;
  const auto wrong = std::make_exception_ptr(std::invalid_argument{"order has no lines"});
  const auto busy = std::make_exception_ptr(std::runtime_error{"busy"});

  auto result = result_of(time, Flow{S::A}.add(S::A, Both{wrong, nullptr}, retries(3)), data);
  CHECK(data.calls == 1);
  CHECK(result.error_message() == "order has no lines");
  CHECK_THROWS_AS(std::rethrow_exception(result.error()), asio::multiple_exceptions);

  data = {};
  result = result_of(time, Flow{S::A}.add(S::A, Both{busy, nullptr}, retries(3)), data);
  CHECK(data.calls == 4);
  CHECK(result.error_message() == "busy");

  // It keeps the left one, which the failure of the right one aborted: what that was is not known.
  data = {};
  result = result_of(time, Flow{S::A}.add(S::A, Both{nullptr, busy}, retries(3)), data);
  CHECK(result.is_failed());
  CHECK(data.calls == 4);
  CHECK(result.error_message() ==
        "multiple exceptions, the first: Operation canceled [system:125]");
}

TEST_CASE("several exceptions are judged and told by the first") {
  CHECK(tried(several(std::invalid_argument{"no lines"})).calls == 1);
  CHECK(tried(several(std::invalid_argument{"no lines"})).text == "no lines");
  CHECK(tried(several(std::runtime_error{"busy"})).calls == 4);
  CHECK(tried(several(cano::Error{Errc::KeyNotFound, "no key"})).calls == 1);
  CHECK(tried(several(42)).text == "exception of type int: 42");
  CHECK(tried(std::make_exception_ptr(asio::multiple_exceptions{nullptr})).text ==
        "multiple exceptions");
  const auto deep = [&](auto self, int levels) -> std::exception_ptr {
    if (levels == 0) return std::make_exception_ptr(std::logic_error{"deep"});
    return std::make_exception_ptr(asio::multiple_exceptions{self(self, levels - 1)});
  };
  CHECK(tried(deep(deep, 5)).calls == 1);
  CHECK(tried(deep(deep, 5)).text == "deep");
  CHECK(tried(deep(deep, 1000)).calls == 4);  // too deep to be looked at
}

TEST_CASE("an exception with another nested is retried when both are worth it") {
  const std::runtime_error outer{"loading order 7"};
  CHECK(tried(nested(outer, std::invalid_argument{"no lines"})).calls == 1);
  CHECK(tried(nested(outer, std::runtime_error{"refused"})).calls == 4);
  CHECK(tried(nested(std::logic_error{"wrong"}, std::runtime_error{"refused"})).calls == 1);
  CHECK(tried(nested(outer, cano::Error{Errc::TypeMismatch, "x"})).calls == 1);
  CHECK(tried(nested(cano::Error{Errc::Timeout, "late"}, std::runtime_error{"x"})).calls == 4);
  CHECK(tried(nested(cano::Error{Errc::Timeout, "late"}, std::logic_error{"x"})).calls == 1);
  CHECK(tried(nested(outer, aborted)).calls == 1);
  CHECK(tried(nested(std::string{"plain"}, std::logic_error{"x"})).calls == 1);
  CHECK(tried(nested(outer, 7)).calls == 4);
}

TEST_CASE("an exception with another nested names both, once") {
  using cano::detail::exception_text;
  CHECK(exception_text(nested(std::runtime_error{"loading order 7"},
                              std::invalid_argument{"no lines"})) == "loading order 7: no lines");
  CHECK(exception_text(nested(std::runtime_error{"cannot load: no lines"},
                              std::invalid_argument{"no lines"})) == "cannot load: no lines");
  CHECK(exception_text(nested(cano::Error{Errc::Timeout, "late"}, 7)) ==
        "Timeout: late: exception of type int: 7");
  CHECK(exception_text(nested(std::string{"plain"}, std::runtime_error{"x"})) == "plain: x");
  struct Nothing : std::runtime_error, std::nested_exception {
    using std::runtime_error::runtime_error;
  };
  CHECK(exception_text(std::make_exception_ptr(Nothing{"alone"})) == "alone");
  CHECK(tried(std::make_exception_ptr(Nothing{"alone"})).calls == 4);
}

TEST_CASE("a task that awaits Asio's || and is stopped is cancelled") {
  for (const bool of_both : {false, true}) {
    for (const auto& config : {once(), retries(3)}) {
      Data data;
      VirtualTime time;
      std::stop_source source;
      Flow flow{S::A};
      if (of_both) {
        flow.add(S::A, Both{}, config);
      } else {
        flow.add(S::A, Either{}, config);
      }
      after(time, 10ms, [&] { source.request_stop(); });
      const auto result = result_of(time, flow, data, RunOptions{}.with_stop(source.get_token()));
      CHECK(result.is_cancelled());
      CHECK(inside(result.error()).errc() == Errc::Cancelled);
      CHECK(result.error_message().find(" was cancelled in state A") != std::string::npos);
      CHECK(result.error_message().find("multiple") == std::string::npos);
      CHECK(data.calls == 1);
      CHECK(result.elapsed() == 10ms);
    }
  }
}

TEST_CASE("a task that awaits Asio's || and comes to a limit has timed out") {
  Data data;
  VirtualTime time;
  const auto config = retries(1, 10ms).with_attempt_timeout(100ms);
  const auto result = result_of(time, Flow{S::A}.add(S::A, Either{}, config), data);
  CHECK(result.is_failed());
  CHECK(result.error_message() ==
        "Timeout: The attempt timeout of 100 ms passed in state A, attempt 2 of 2");
  CHECK(data.calls == 2);
}

TEST_CASE("what nlohmann_json says of a value that is not what it should be is not retried") {
  using nlohmann::json;
  const auto thrown_in = [](auto call) {
    try {
      call();
    } catch (...) {
      return std::current_exception();
    }
    return std::exception_ptr{};
  };
  const auto type = thrown_in([] { static_cast<void>(json("text").get<int>()); });
  const auto missing = thrown_in([] { static_cast<void>(json::object().at("lines")); });
  const auto iterator = thrown_in([] { json(1).erase(json(2).begin()); });
  const auto parsed = thrown_in([] { [[maybe_unused]] const json whole = json::parse("{"); });
  CHECK(tried(type).calls == 1);
  CHECK(tried(missing).calls == 1);
  CHECK(tried(iterator).calls == 1);
  CHECK(tried(parsed).calls == 4);  // an answer that was cut off may be whole the next time
  CHECK(tried(nested(std::runtime_error{"reading the answer"},
                     json::type_error::create(302, "type must be number", nullptr)))
            .calls == 1);
}
