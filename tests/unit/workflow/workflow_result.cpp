// SPDX-License-Identifier: MIT
#include <cerrno>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/assert/source_location.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <cano/engine/detail/failure.hpp>
#include <cano/error.hpp>
#include <cano/workflow/workflow_result.hpp>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using cano::Outcome;
using NamedResult = cano::WorkflowResult<std::string>;

namespace {

auto thrown(std::exception_ptr error) { return cano::detail::Failure{std::move(error)}; }

}  // namespace

TEST_CASE("a success holds its final state and no error") {
  const NamedResult result{Outcome::Success, "done", nullptr, 3, 5, 20ms};
  CHECK(result.outcome() == Outcome::Success);
  CHECK(result.is_success());
  CHECK_FALSE(result.is_failed());
  CHECK_FALSE(result.is_cancelled());
  CHECK(result.state() == "done");
  CHECK(result.error() == nullptr);
  CHECK(result.error_message().empty());
  CHECK(result.transitions() == 3);
  CHECK(result.attempts() == 5);
  CHECK(result.elapsed() == 20ms);
}

TEST_CASE("a failure holds the state it stopped in and the exception itself") {
  const auto error = std::make_exception_ptr(std::runtime_error{"broken"});
  const NamedResult result{Outcome::Failed, "middle", thrown(error), 1, 4, 0ms};
  CHECK(result.is_failed());
  CHECK_FALSE(result.is_success());
  CHECK(result.error() == error);
  CHECK(result.error_message() == "broken");
}

TEST_CASE("an error that was returned is made an exception when asked for") {
  cano::detail::Failure failure{cano::Error{cano::Errc::Store, "full"}};
  const NamedResult result{Outcome::Failed, "save", std::move(failure), 0, 1, 0ms};
  CHECK(result.error_message() == "Store error: full");
  REQUIRE(result.error() != nullptr);
  CHECK_THROWS_AS(std::rethrow_exception(result.error()), cano::Error);
  CHECK_THROWS_WITH(std::rethrow_exception(result.error()), "Store error: full");
}

TEST_CASE("an error that was moved from before it was returned has the text of its code") {
  cano::Error full{cano::Errc::Store, "full"};
  const cano::Error elsewhere = std::move(full);
  cano::detail::Failure failure{std::move(full)};  // NOLINT(bugprone-use-after-move)
  const NamedResult result{Outcome::Failed, "save", std::move(failure), 0, 1, 0ms};
  CHECK(result.is_failed());
  CHECK(result.error_message() == "Store error: ");
  CHECK_THROWS_AS(std::rethrow_exception(result.error()), cano::Error);
}

TEST_CASE("an error of Asio is reported without the place in Boost's sources") {
  namespace system = boost::system;
  constexpr auto place = BOOST_CURRENT_LOCATION;
  const system::system_error refused{
      system::error_code{ECONNREFUSED, system::system_category(), &place}, "connect"};
  REQUIRE(std::string{refused.what()}.find(" at ") != std::string::npos);
  const NamedResult failed{
      Outcome::Failed, "call", thrown(std::make_exception_ptr(refused)), 0, 1, 0ms};
  CHECK(failed.error_message() ==
        "connect: " + refused.code().message() + " [system:" + std::to_string(ECONNREFUSED) + "]");

  const system::system_error nowhere{system::error_code{ECONNREFUSED, system::system_category()}};
  const NamedResult same{
      Outcome::Failed, "call", thrown(std::make_exception_ptr(nowhere)), 0, 1, 0ms};
  CHECK(same.error_message() == nowhere.what());
}

TEST_CASE("a result that nothing was put in is a cancelled run that never started") {
  const NamedResult result;
  CHECK(result.is_cancelled());
  CHECK(result.state().empty());
  CHECK(result.error() == nullptr);
  CHECK(result.attempts() == 0);
}
