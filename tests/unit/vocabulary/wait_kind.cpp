// SPDX-License-Identifier: MIT
#include <cano/wait_kind.hpp>

#include "support/catch.hpp"

using cano::WaitKind;

TEST_CASE("kinds of waits have stable names") {
  STATIC_REQUIRE(to_string(WaitKind::Ready) == "ready");
  CHECK(to_string(WaitKind::Timer) == "timer");
  CHECK(to_string(WaitKind::RetryPause) == "retry_pause");
  CHECK(to_string(WaitKind::Children) == "children");
  CHECK(to_string(WaitKind::Mailbox) == "mailbox");
  CHECK(to_string(WaitKind::Blocking) == "blocking");
  CHECK(to_string(WaitKind::Limit) == "limit");
  CHECK(to_string(WaitKind::Operation) == "operation");
}
