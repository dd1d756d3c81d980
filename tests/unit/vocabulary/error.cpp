// SPDX-License-Identifier: MIT
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <cano/error.hpp>

#include "support/catch.hpp"

using cano::Errc;
using cano::Error;

TEST_CASE("what() is the category's prefix and the message") {
  const Error error{Errc::Workflow, "No task registered for state: B"};
  CHECK(std::string{error.what()} == "Workflow error: No task registered for state: B");
  CHECK(error.message() == "No task registered for state: B");
  CHECK(error.errc() == Errc::Workflow);
  CHECK(error.category_name() == "workflow");
}

TEST_CASE("every Errc has its own stable category name and a prefix") {
  const auto name = [](Errc code) { return std::string{Error{code, "m"}.category_name()}; };
  CHECK(name(Errc::NodeExecution) == "node_execution");
  CHECK(name(Errc::TaskExecution) == "task_execution");
  CHECK(name(Errc::Preparation) == "preparation");
  CHECK(name(Errc::KeyNotFound) == "key_not_found");
  CHECK(name(Errc::TypeMismatch) == "type_mismatch");
  CHECK(name(Errc::AppendTypeMismatch) == "append_type_mismatch");
  CHECK(name(Errc::Store) == "store");
  CHECK(name(Errc::Workflow) == "workflow");
  CHECK(name(Errc::Configuration) == "configuration");
  CHECK(name(Errc::RetryExhausted) == "retry_exhausted");
  CHECK(name(Errc::Timeout) == "timeout");
  CHECK(name(Errc::Cancelled) == "cancelled");
  CHECK(name(Errc::Generic) == "generic");
  CHECK(name(Errc::CircuitOpen) == "circuit_open");
  CHECK(name(Errc::RateLimited) == "rate_limited");
  CHECK(name(Errc::JoinFailed) == "join_failed");
  CHECK(name(Errc::CompensationFailed) == "compensation_failed");
  CHECK(std::string{Error{Errc::NodeExecution, "boom"}.what()} == "Node execution error: boom");
  CHECK(std::string{Error{Errc::Generic, "boom"}.what()} == "Error: boom");
}

TEST_CASE("an Error is a system_error that compares with its Errc") {
  try {
    throw Error{Errc::Timeout, "too slow"};
  } catch (const std::system_error& error) {
    CHECK(error.code() == Errc::Timeout);
    CHECK(error.code() != Errc::Cancelled);
    CHECK(std::string{error.code().category().name()} == "cano");
    CHECK(error.code().message() == "Timeout");
  }
}

TEST_CASE("copying an Error does not throw and keeps its text") {
  STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<Error>);
  const Error original{Errc::Store, "disk full"};
  const Error copy = original;
  CHECK(copy.message() == "disk full");
  CHECK(copy.code() == original.code());
}

TEST_CASE("a moved-from Error keeps its code and says no more") {
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Error>);
  Error original{Errc::Store, "disk full"};
  const Error moved = std::move(original);
  CHECK(moved.message() == "disk full");
  CHECK(original.errc() == Errc::Store);
  CHECK(original.message().empty());
  CHECK(std::string{original.what()} == "Store error");
}

TEST_CASE("an Error outlives those it was copied from and assigned to") {
  Error error{Errc::Store, "first"};
  {
    const Error second{Errc::Timeout, "a second message that no small buffer of a string holds"};
    error = second;
  }
  CHECK(error.errc() == Errc::Timeout);
  CHECK(std::string{error.what()} ==
        "Timeout: a second message that no small buffer of a string holds");
  error = Error{Errc::Generic, ""};
  CHECK(error.message().empty());
  CHECK(std::string{error.what()} == "Error: ");
}

TEST_CASE("a default Error says that there is none") {
  CHECK(Error{}.category_name() == "none");
  CHECK_FALSE(Error{}.code());
}

TEST_CASE("a number that is no Errc still has a message") {
  CHECK(std::error_code{999, cano::error_category()}.message() == "Error");
  const Error error{static_cast<Errc>(999), "odd"};
  CHECK(error.code() == std::error_code{999, cano::error_category()});
  CHECK(std::string{error.what()} == "Error: odd");
  CHECK(Error{static_cast<Errc>(-1), "odd"}.code().value() == -1);
}

TEST_CASE("a message is one line of UTF-8, whatever it quotes") {
  const auto said = [](std::string message) { return Error{Errc::Store, message}.message(); };
  CHECK(said("two\nlines\r\t") == "two\\nlines\\r\\t");
  CHECK(said("JQ3\x95Masahi") == "JQ3\xEF\xBF\xBDMasahi");
  CHECK(said("cut \xE2\x80") == "cut \xEF\xBF\xBD");
  CHECK(said(std::string("nul\0end", 7)) == "nul\\u{0}end");
  CHECK(said("\xE2\x80\xA8\xC2\x85\x1b[2J") == "\\u{2028}\\u{85}\\u{1b}[2J");
  CHECK(said("gr\xC3\xBC\xC3\x9F \xE2\x80\x93 ok") == "gr\xC3\xBC\xC3\x9F \xE2\x80\x93 ok");
  CHECK(std::string{Error{Errc::Store, "a\nb"}.what()} == "Store error: a\\nb");
}
