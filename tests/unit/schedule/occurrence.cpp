// SPDX-License-Identifier: MIT
#include <cano/schedule/occurrence.hpp>

#include "support/catch.hpp"

TEST_CASE("an occurrence says which job, when it was due and when it began") {
  const cano::system_time time{};
  const cano::Occurrence occurrence{"job", time, time, {}, 2};
  CHECK(occurrence.id == "job");
  CHECK(occurrence.actual - occurrence.nominal == cano::Duration::zero());
  CHECK(occurrence.missed == 2);
  CHECK_FALSE(occurrence.triggered);
  CHECK_FALSE(occurrence.stop.stop_requested());
}
