// SPDX-License-Identifier: MIT
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <cano/detail/failure_kind.hpp>
#include <cano/detail/unlimited.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/engine/detail/retry_decision.hpp>
#include <cano/engine/detail/retry_rules.hpp>
#include <cano/error.hpp>
#include <cano/retry_after.hpp>

#include "support/catch.hpp"

using cano::Duration;
using cano::Errc;
using cano::Error;
using cano::RetryAfter;
using cano::detail::Failure;
using cano::detail::pause_after;
using cano::detail::RetryQuestion;
using cano::detail::RetryRules;
using namespace std::chrono_literals;

namespace {

RetryRules twice_after_50ms() {
  return {.retries = 2, .base = 50ms, .cap = 50ms, .multiplier = 1.0, .jitter = 0.0};
}

template <class Exception> Failure thrown(Exception exception) {
  const auto what = std::make_exception_ptr(std::move(exception));
  return Failure{what, cano::detail::traits_of(what)};
}

}  // namespace

TEST_CASE("the failure and the rules decide on another attempt") {
  struct Row {
    const char* what;
    Failure failure;
    RetryRules rules;
    RetryQuestion question;
    std::optional<Duration> pause;
  };
  RetryRules predicate = twice_after_50ms();
  predicate.predicate = [](const std::exception_ptr&) { return true; };
  RetryRules never = twice_after_50ms();
  never.predicate = [](const std::exception_ptr&) { return false; };
  RetryRules named = twice_after_50ms();
  named.delay_from = [](const std::exception_ptr&) { return std::optional<Duration>{7s}; };
  RetryRules silent = twice_after_50ms();
  silent.delay_from = [](const std::exception_ptr&) { return std::optional<Duration>{}; };
  RetryRules brief = twice_after_50ms();
  brief.max_retry_after = 1s;
  RetryRules limited = twice_after_50ms();
  limited.max_elapsed = 1s;
  const Failure busy{Error{Errc::TaskExecution, "busy"}};
  const Failure asks = thrown(RetryAfter{3s, "later"});
  const Failure wrong{Error{Errc::Configuration, "wrong"}};

  const std::vector<Row> rows{
      {"the first", busy, twice_after_50ms(), {.attempt = 1}, 50ms},
      {"the second", busy, twice_after_50ms(), {.attempt = 2}, 50ms},
      {"the last", busy, twice_after_50ms(), {.attempt = 3}, std::nullopt},
      {"thrown", thrown(std::runtime_error{"busy"}), twice_after_50ms(), {}, 50ms},
      {"a logic error",
       thrown(std::invalid_argument{"wrong"}),
       twice_after_50ms(),
       {},
       std::nullopt},
      {"a configuration error", wrong, twice_after_50ms(), {}, std::nullopt},
      {"a predicate that says yes", wrong, predicate, {}, 50ms},
      {"a predicate that says no", busy, never, {}, std::nullopt},
      {"a predicate after the last", busy, predicate, {.attempt = 3}, std::nullopt},
      {"a failure that names a pause", asks, twice_after_50ms(), {}, 3s},
      {"a pause above the cap", asks, brief, {}, 1s},
      {"a function that names one", busy, named, {}, 7s},
      {"a function before the failure", asks, named, {}, 7s},
      {"a function that names none", asks, silent, {}, 3s},
      {"in time", busy, limited, {.elapsed = 950ms}, 50ms},
      {"too late", busy, limited, {.elapsed = 951ms}, std::nullopt},
      {"a pause that is too long", asks, limited, {}, std::nullopt},
      {"time without an end", busy, limited, {.elapsed = Duration::max()}, std::nullopt},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(pause_after(row.failure, row.rules, row.question) == row.pause);
  }
}

TEST_CASE("what a function of the rules throws passes through") {
  RetryRules rules = twice_after_50ms();
  rules.predicate = [](const std::exception_ptr&) -> bool { throw std::range_error{"mine"}; };
  CHECK_THROWS_AS(pause_after(Failure{Error{Errc::Generic, "x"}}, rules, {}), std::range_error);
}

TEST_CASE("attempts are counted in words") {
  CHECK(cano::detail::attempt_text(4, 11) == "attempt 4 of 11");
  CHECK(cano::detail::attempt_text(4, cano::detail::unlimited) == "attempt 4 of unlimited");
}

TEST_CASE("a cancellation has no cause to report, every other failure does") {
  using cano::detail::telling;
  CHECK_FALSE(telling(Failure{Error{Errc::Cancelled, "stopped"}}));
  CHECK_FALSE(telling(Failure{}));
  CHECK(telling(Failure{Error{Errc::Store, "gone"}}).message() ==
        Error(Errc::Store, "gone").what());
}
