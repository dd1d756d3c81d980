// SPDX-License-Identifier: MIT
#include <chrono>
#include <optional>

#include <cano/duration.hpp>
#include <cano/schedule/detail/failure_gate.hpp>

#include "support/catch.hpp"

using cano::Backoff;
using cano::Duration;
using cano::Outcome;
using cano::SkipReason;
using cano::detail::FailureGate;
using cano::detail::Moment;
using namespace std::chrono_literals;

namespace {

Moment after(Duration later) { return {cano::steady_time{later}, cano::system_time{24h + later}}; }
cano::steady_time time_after(Duration later) { return after(later).steady; }

}  // namespace

TEST_CASE("a gate is shut for a while after each failure, and open after a success") {
  FailureGate gate{Backoff::exponential(10s, 2.0, 1min), std::nullopt};
  CHECK_FALSE(gate.refusal(time_after(0s), false));
  gate.note_end(Outcome::Failed, after(1s));
  CHECK(gate.refusal(time_after(11s) - 1ns, false) == SkipReason::Backoff);
  CHECK_FALSE(gate.refusal(time_after(11s) - 1ns, true));
  CHECK_FALSE(gate.refusal(time_after(11s), false));
  CHECK(gate.backoff_until() == cano::system_time{24h + 11s});
  gate.note_end(Outcome::Failed, after(11s));
  CHECK(gate.refusal(time_after(30s), false) == SkipReason::Backoff);
  gate.note_end(Outcome::Cancelled, after(20s));
  CHECK(gate.streak() == 2);
  CHECK(gate.refusal(time_after(30s), false) == SkipReason::Backoff);
  gate.note_end(Outcome::Success, after(20s));
  CHECK(gate.streak() == 0);
  CHECK_FALSE(gate.refusal(time_after(20s), false));
  CHECK_FALSE(gate.backoff_until());
}

TEST_CASE("a gate that has tripped stays so until it is reset") {
  FailureGate gate{Backoff{}, 2};
  gate.note_end(Outcome::Failed, after(1s));
  CHECK_FALSE(gate.is_tripped());
  CHECK_FALSE(gate.refusal(time_after(1s), false));
  gate.note_end(Outcome::Failed, after(2s));
  CHECK(gate.is_tripped());
  CHECK(gate.refusal(time_after(1000h), false) == SkipReason::Tripped);
  CHECK(gate.refusal(time_after(1000h), true) == SkipReason::Tripped);
  gate.note_end(Outcome::Success, after(3s));  // of a run that was under way
  CHECK(gate.is_tripped());
  gate.reset();
  CHECK_FALSE(gate.is_tripped());
  CHECK_FALSE(gate.refusal(time_after(3s), false));
}
