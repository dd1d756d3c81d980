// SPDX-License-Identifier: MIT
#include <chrono>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <cano/compose/branch_result.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/error.hpp>
#include <cano/observe/event.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/error_of.hpp"

namespace branch_result_tests {

using namespace std::chrono_literals;
using cano::BranchResult;
using cano::Errc;
using cano::Outcome;

TEST_CASE("a branch that never started is cancelled and has no value") {
  const BranchResult<int> result{3, "fraud"};
  CHECK(result.index() == 3);
  CHECK(result.name() == "fraud");
  CHECK(result.is_cancelled());
  CHECK_FALSE(result.is_success());
  CHECK_FALSE(result.is_failed());
  CHECK(result.attempts() == 0);
  CHECK(result.elapsed() == 0ms);
  CHECK(result.error() == nullptr);
  CHECK(result.error_message().empty());
  const cano::Error error = error_of([&] { static_cast<void>(result.value()); });
  CHECK(error.errc() == Errc::Cancelled);
  CHECK(error.message() == "The branch fraud was cancelled and has no value");
}

TEST_CASE("an item without a name has that of its place") {
  CHECK(BranchResult<int>{}.name() == "item 0");
  CHECK(BranchResult<int>{41}.name() == "item 41");
}

TEST_CASE("the value of a success may be moved out") {
  BranchResult<std::unique_ptr<int>> result{0};
  result.slot() = std::make_unique<int>(7);
  result.ended(Outcome::Success, {}, 2, 5ms);
  CHECK(result.is_success());
  CHECK(result.attempts() == 2);
  CHECK(result.elapsed() == 5ms);
  CHECK(*result.value() == 7);
  CHECK(*std::as_const(result).value() == 7);
  const std::unique_ptr<int> taken = std::move(result).value();
  CHECK(*taken == 7);
}

TEST_CASE("what failed throws its own exception, and drops what an attempt before had given") {
  BranchResult<int> result{0, "stock"};
  result.slot() = 1;
  cano::detail::Failure failure{std::make_exception_ptr(std::out_of_range{"empty"})};
  result.ended(Outcome::Failed, std::move(failure), 4, 1ms);
  CHECK(result.is_failed());
  CHECK(result.error_message() == "empty");
  CHECK_THROWS_AS(result.value(), std::out_of_range);
  CHECK_THROWS_AS(std::as_const(result).value(), std::out_of_range);
  CHECK_THROWS_AS(std::rethrow_exception(result.error()), std::out_of_range);
}

}  // namespace branch_result_tests
