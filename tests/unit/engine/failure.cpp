// SPDX-License-Identifier: MIT
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <cano/detail/failure_kind.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/error.hpp>
#include <cano/retry_after.hpp>

#include "support/catch.hpp"

using cano::Errc;
using cano::Error;
using cano::detail::Failure;
using cano::detail::failure_after;
using cano::detail::FailureKind;
using namespace std::chrono_literals;

namespace {

template <class Exception> Exception raised(const Failure& failure) {
  try {
    failure.raise();
  } catch (const Exception& thrown) {
    return thrown;
  }
}

}  // namespace

TEST_CASE("no failure has no kind, no text and no exception") {
  const Failure none;
  CHECK_FALSE(none);
  CHECK(none.kind() == FailureKind::None);
  CHECK(none.message().empty());
  CHECK(none.as_exception() == nullptr);
  CHECK(none.retry_after() == std::nullopt);
  CHECK(none.last_states<int>() == nullptr);
}

TEST_CASE("a returned error is a failure without a throw") {
  const Failure failure{Error{Errc::Store, "the disk is full"}};
  REQUIRE(failure);
  CHECK(failure.kind() == FailureKind::Retryable);
  CHECK(failure.message() == Error(Errc::Store, "the disk is full").what());
  CHECK(raised<Error>(failure).errc() == Errc::Store);
  CHECK(Failure{Error{Errc::Cancelled, "x"}}.kind() == FailureKind::Cancelled);
  CHECK(Failure{Error{Errc::KeyNotFound, "x"}}.kind() == FailureKind::Permanent);
}

TEST_CASE("an error that was moved from is a failure of its kind") {
  Error error{Errc::Timeout, "late"};
  const Failure first{std::move(error)};
  const Failure second{std::move(error)};  // NOLINT(bugprone-use-after-move): what is tested
  CHECK(first.message() != second.message());
  CHECK(raised<Error>(second).errc() == Errc::Timeout);
}

TEST_CASE("a thrown exception passes through unchanged and is sorted when asked for") {
  const auto thrown = std::make_exception_ptr(std::domain_error{"no such domain"});
  const Failure failure{thrown, {FailureKind::None}};
  CHECK(failure.kind() == FailureKind::Permanent);
  CHECK(failure.as_exception() == thrown);
  CHECK(failure.message() == "no such domain");
  const Failure copy = failure;
  CHECK(copy.as_exception() == thrown);
  const Failure later{std::make_exception_ptr(cano::RetryAfter{2s, "busy"}), {FailureKind::None}};
  CHECK(later.retry_after() == 2s);
}

TEST_CASE("a failure after another one names it and nests it") {
  const Failure first{std::make_exception_ptr(std::runtime_error{"refused"})};
  const Failure last = failure_after(Errc::Timeout, "The timeout passed", first);
  CHECK(last.message() == Error(Errc::Timeout, "The timeout passed: refused").what());
  try {
    last.raise();
  } catch (const Error& error) {
    CHECK(error.errc() == Errc::Timeout);
    CHECK_THROWS_AS(std::rethrow_if_nested(error), std::runtime_error);
  }
  const Failure alone = failure_after(Errc::Timeout, "The timeout passed", {});
  CHECK(alone.message() == Error(Errc::Timeout, "The timeout passed").what());
}

TEST_CASE("the failure of a run with too many transitions has the last states") {
  const auto failure =
      Failure::of_transition_limit<int>(Error{Errc::Workflow, "too many"}, {3, 4, 3});
  REQUIRE(failure.last_states<int>() != nullptr);
  CHECK(*failure.last_states<int>() == std::vector<int>{3, 4, 3});
  CHECK(failure.kind() == FailureKind::Permanent);
}

TEST_CASE("what a call throws is caught as a failure, sorted by its type") {
  Failure caught;
  cano::detail::call_catching([] { throw std::logic_error{"wrong"}; },
                              [&](Failure&& failure) { caught = std::move(failure); });
  CHECK(caught.kind() == FailureKind::Permanent);
  CHECK(caught.message() == "wrong");
  bool is_called = false;
  cano::detail::call_catching([] {}, [&](Failure&&) { is_called = true; });
  CHECK_FALSE(is_called);
}
