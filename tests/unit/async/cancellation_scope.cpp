// SPDX-License-Identifier: MIT
#include <optional>
#include <stop_token>
#include <vector>

#include <cano/async/detail/cancellation_scope.hpp>

#include "support/catch.hpp"

using cano::detail::Cancellable;
using cano::detail::CancellationScope;
using cano::detail::StopReason;

namespace {

struct CountedWait final : Cancellable {
  void cancel() noexcept override { ++cancellations; }
  int cancellations = 0;
};

// Ends as soon as it is cancelled, before the call returns.
struct EndingWait final : Cancellable {
  explicit EndingWait(CancellationScope& s) : scope{&s} {}
  void cancel() noexcept override { scope->wait_ends(); }
  CancellationScope* scope;
};

}  // namespace

TEST_CASE("the first reason of a scope counts, but Stop replaces the others") {
  struct Case {
    std::vector<StopReason> reasons;
    StopReason expected;
    int cancellations;
  };
  using enum StopReason;
  const auto [reasons, expected, cancellations] =
      GENERATE(values<Case>({{{}, None, 0},
                             {{AttemptTimeout}, AttemptTimeout, 1},
                             {{AttemptTimeout, StateTimeout}, AttemptTimeout, 1},
                             {{RunTimeout, RunTimeout}, RunTimeout, 1},
                             {{Stop}, Stop, 1},
                             {{Stop, AttemptTimeout}, Stop, 1},
                             {{Stop, Stop}, Stop, 1},
                             {{StateTimeout, Stop}, Stop, 2},
                             {{StateTimeout, Stop, RunTimeout}, Stop, 2}}));
  CancellationScope scope;
  CountedWait wait;
  scope.wait_begins(wait);
  for (const StopReason reason : reasons)
    scope.cancel(reason);
  CHECK(scope.reason() == expected);
  CHECK(scope.is_cancelled() == (expected != None));
  CHECK(wait.cancellations == cancellations);
}

TEST_CASE("a scope cancels what is waited for when it is cancelled, and nothing else") {
  CancellationScope scope;
  CountedWait before;
  CountedWait during;
  CountedWait after;
  CHECK_FALSE(scope.waits());
  scope.wait_begins(before);
  CHECK(scope.waits());
  scope.wait_ends();
  scope.wait_begins(during);
  scope.cancel(StopReason::AttemptTimeout);
  scope.wait_ends();
  scope.wait_begins(after);
  CHECK(before.cancellations == 0);
  CHECK(during.cancellations == 1);
  CHECK(after.cancellations == 0);
  scope.cancel(StopReason::Stop);
  CHECK(during.cancellations == 1);
  CHECK(after.cancellations == 1);
}

TEST_CASE("a wait may end while it is cancelled") {
  CancellationScope scope;
  EndingWait wait{scope};
  scope.wait_begins(wait);
  scope.cancel(StopReason::Stop);
  CHECK_FALSE(scope.waits());
}

TEST_CASE("a scope that was reset may be cancelled again") {
  CancellationScope scope;
  const std::stop_token first = scope.token({});
  scope.cancel(StopReason::AttemptTimeout);
  CHECK(first.stop_requested());
  scope.reset();
  CHECK(scope.reason() == StopReason::None);
  const std::stop_token second = scope.token({});
  CHECK_FALSE(second.stop_requested());
  scope.cancel(StopReason::StateTimeout);
  CHECK(scope.reason() == StopReason::StateTimeout);
  CHECK(second.stop_requested());
}

TEST_CASE("the token of a scope is requested by the scope and by the outer token") {
  CancellationScope scope;
  std::stop_source outer;
  SECTION("by the scope") {
    const std::stop_token token = scope.token(outer.get_token());
    CHECK_FALSE(token.stop_requested());
    scope.cancel(StopReason::StateTimeout);
    CHECK(token.stop_requested());
  }
  SECTION("by the outer token, which does not cancel the scope") {
    const std::stop_token token = scope.token(outer.get_token());
    outer.request_stop();
    CHECK(token.stop_requested());
    CHECK_FALSE(scope.is_cancelled());
  }
  SECTION("when the scope was cancelled before") {
    scope.cancel(StopReason::Stop);
    CHECK(scope.token(outer.get_token()).stop_requested());
  }
  SECTION("when the outer one was requested before") {
    outer.request_stop();
    CHECK(scope.token(outer.get_token()).stop_requested());
  }
  SECTION("there is one for all callers") {
    CHECK(scope.token(outer.get_token()) == scope.token({}));
  }
}

TEST_CASE("a stop callback may end the wait that its scope cancels") {
  CancellationScope scope;
  CountedWait wait;
  const std::stop_token token = scope.token({});
  const std::stop_callback on_stop{token, [&] { scope.wait_ends(); }};
  scope.wait_begins(wait);
  scope.cancel(StopReason::Stop);
  CHECK(wait.cancellations == 0);
}

TEST_CASE("the token of a scope may outlive it, and the outer token too") {
  std::stop_token token;
  std::stop_source outer;
  {
    CancellationScope scope;
    token = scope.token(outer.get_token());
  }
  outer.request_stop();
  CHECK_FALSE(token.stop_requested());
}
