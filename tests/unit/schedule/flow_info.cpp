// SPDX-License-Identifier: MIT
#include <chrono>
#include <vector>

#include <nlohmann/json.hpp>

#include <cano/schedule/flow_info.hpp>

#include "support/catch.hpp"

using cano::FlowInfo;
using cano::FlowStatus;
using namespace std::chrono_literals;

TEST_CASE("statuses have stable names") {
  CHECK(to_string(FlowStatus::Idle) == "idle");
  CHECK(to_string(FlowStatus::Running) == "running");
  CHECK(to_string(FlowStatus::Paused) == "paused");
  CHECK(to_string(FlowStatus::Failed) == "failed");
  CHECK(to_string(FlowStatus::Tripped) == "tripped");
  STATIC_REQUIRE(to_string(FlowStatus::Idle) == "idle");
}

TEST_CASE("what is skipped is the sum of eight reasons") {
  const cano::OccurrenceCounts counts{1000, 20, 3, 1, 2, 4, 8, 16, 32, 64, 128};
  CHECK(counts.skipped() == 255);
}

TEST_CASE("an info as JSON leaves out what is not known") {
  FlowInfo info;
  info.id = "poll";
  CHECK(info.to_json() ==
        nlohmann::json::parse(
            R"({"id":"poll","status":"idle","running":0,"run_count":0,"success_count":0,
                "failure_count":0,"cancel_count":0,"skip_count":0,
                "occurrences":{"due":0,"started":0,"queued":0,"overlap":0,"coalesced":0,
                               "misfire":0,"paused":0,"shutdown":0}})"));
}

TEST_CASE("an info as JSON has times as text and durations in milliseconds") {
  const cano::system_time time = cano::system_time{} + 1h;
  FlowInfo info;
  info.status = FlowStatus::Failed;
  info.last_run = info.last_failure = time;
  info.next_run = time + 1min;
  info.last_duration = 1500us;
  info.last_error = "disk full";
  info.concurrent_instances = 4;
  info.last_batch = cano::BatchStatus{4, 2, 1, 1, 20ms};
  info.failure_streak = 2;
  info.backoff_until = time + 1s;
  info.occurrences.backoff = 3;
  info.occurrences.tripped = 4;
  info.occurrences.unhealthy = 5;
  const auto json = info.to_json();
  CHECK(json["failure_streak"] == 2);
  CHECK(json["backoff_until"] == "1970-01-01T01:00:01.000000Z");
  CHECK(json["occurrences"]["backoff"] == 3);
  CHECK(json["occurrences"]["tripped"] == 4);
  CHECK(json["occurrences"]["unhealthy"] == 5);
  CHECK(json["status"] == "failed");
  CHECK(json["last_run"] == "1970-01-01T01:00:00.000000Z");
  CHECK(json["last_failure"] == json["last_run"]);
  CHECK(json["next_run"] == "1970-01-01T01:01:00.000000Z");
  CHECK(json["last_duration_ms"] == 1.5);
  CHECK(json["last_error"] == "disk full");
  CHECK(json["concurrent_instances"] == 4);
  CHECK(json["last_batch"] == nlohmann::json::parse(R"({"total_workflows":4,"completed":2,
                                  "failed":1,"cancelled":1,"elapsed_ms":20.0})"));
}

TEST_CASE("infos are what nlohmann_json can take, whatever their texts hold") {
  FlowInfo info;
  info.id = "\xFFpoll";
  info.last_error = "broken \xC3";
  const nlohmann::json list = std::vector{info, info};
  CHECK(list.size() == 2);
  CHECK(nlohmann::json::parse(list.dump())[1]["id"] == "\xEF\xBF\xBDpoll");
}
