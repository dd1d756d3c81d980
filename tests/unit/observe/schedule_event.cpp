// SPDX-License-Identifier: MIT
#include <cano/observe/schedule_event.hpp>

#include "support/catch.hpp"

TEST_CASE("events of a job are of one occurrence unless they say otherwise") {
  const cano::OccurrenceDue due{"nightly", {}, {}};
  CHECK(due.count == 1);
  const cano::OccurrenceSkipped skipped{"nightly", {}, cano::SkipReason::Paused, {}};
  CHECK(skipped.count == 1);
  const cano::OccurrenceStarted started{"nightly", 1, {}, {}, {}};
  CHECK(started.missed == 0);
  CHECK(started.run_id.empty());
}
