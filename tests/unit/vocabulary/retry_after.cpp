// SPDX-License-Identifier: MIT
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <cano/error.hpp>
#include <cano/result.hpp>
#include <cano/retry_after.hpp>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using cano::Duration;
using cano::Errc;
using cano::Error;
using cano::RetryAfter;
using Pause = std::optional<Duration>;

TEST_CASE("a RetryAfter is an Error that names a pause") {
  const RetryAfter busy{2s, "busy"};
  CHECK(busy.retry_after() == Pause{2s});
  CHECK(busy.errc() == Errc::TaskExecution);
  CHECK(busy.message() == "busy");
  CHECK(std::string{busy.what()} == "Task execution error: busy");
  const RetryAfter other{1.5min, Errc::Store, "compacting"};
  CHECK(other.retry_after() == Pause{90s});
  CHECK(other.errc() == Errc::Store);
  CHECK(RetryAfter(-1s, "past").retry_after() == Pause{0s});
  CHECK(RetryAfter(std::chrono::hours::max(), "never").retry_after() == Pause{Duration::max()});
  CHECK_FALSE(Error{Errc::Generic, "x"}.retry_after());
  CHECK_FALSE(Error{}.retry_after());
}

TEST_CASE("copies and slices of a RetryAfter keep the pause") {
  STATIC_REQUIRE(std::is_nothrow_copy_constructible_v<RetryAfter>);
  const RetryAfter busy{2s, "busy"};
  const Error slice = busy;
  CHECK(slice.retry_after() == Pause{2s});
  Error assigned{Errc::Generic, "x"};
  assigned = slice;
  CHECK(assigned.retry_after() == Pause{2s});
  const Error moved = std::move(assigned);
  CHECK(moved.retry_after() == Pause{2s});
  try {
    throw RetryAfter{busy};
  } catch (const Error& caught) {
    CHECK(caught.retry_after() == Pause{2s});
    CHECK(Error{caught}.retry_after() == Pause{2s});
  }
  const cano::Result<int> returned = RetryAfter{3s, "later"};
  REQUIRE(returned.has_error());
  CHECK(returned.error().retry_after() == Pause{3s});
}
