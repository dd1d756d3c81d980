// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <cano/duration.hpp>
#include <cano/schedule/detail/due_queue.hpp>
#include <cano/schedule/detail/job.hpp>
#include <cano/schedule/detail/job_body.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/schedule/first_run.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>

#include "support/catch.hpp"

using cano::Duration;
using cano::steady_time;
using cano::system_time;
using cano::detail::DueQueue;
using cano::detail::DueTime;
using cano::detail::Job;
using cano::detail::Moment;
using namespace std::chrono_literals;

namespace due_queue_tests {

// The clocks differ by a day, so that one cannot be taken for the other.
Moment at(Duration later) { return {steady_time{later}, system_time{24h + later}}; }
DueTime by_steady(Duration later) { return {at(later).steady, std::nullopt}; }
DueTime by_wall(Duration later) { return {std::nullopt, at(later).wall}; }

std::shared_ptr<Job> job(const std::string& id, std::uint64_t number, DueTime due) {
  auto made =
      std::make_shared<Job>(id, cano::Schedule::manual(), cano::detail::make_job_body(id, [] {}),
                            cano::ScheduleOptions{});
  made->number = number;
  made->due = due;
  return made;
}

std::string pop_all(DueQueue& queue, Moment now) {
  std::string ids;
  while (const auto due = queue.pop_due(now))
    ids += due->job->id;
  return ids;
}

TEST_CASE("jobs are due in the order of their times, those of one time as they were added") {
  DueQueue queue;
  queue.insert(job("c", 3, by_steady(1s)));
  queue.insert(job("a", 1, by_steady(2s)));
  queue.insert(job("b", 2, by_steady(1s)));
  queue.insert(job("w", 4, by_wall(1s)));
  queue.insert(job("never", 5, {}));
  CHECK(pop_all(queue, at(1s)) == "bcw");
  CHECK(pop_all(queue, at(2s - 1ns)).empty());
  CHECK(pop_all(queue, at(2s)) == "a");
  CHECK(pop_all(queue, at(1000h)).empty());
}

TEST_CASE("a job that is not in the due queue can be erased, one that is can be popped once") {
  DueQueue queue;
  const auto one = job("one", 1, by_steady(1s)), two = job("two", 2, by_wall(1s));
  queue.erase(one);
  queue.insert(one);
  queue.insert(two);
  CHECK(one->is_in_due_queue);
  queue.erase(one);
  queue.erase(one);
  CHECK_FALSE(one->is_in_due_queue);
  CHECK(pop_all(queue, at(1s)) == "two");
  CHECK_FALSE(two->is_in_due_queue);
}

TEST_CASE("what is popped has the job's timeline and the version of its schedule") {
  DueQueue queue;
  const auto one = job("one", 1, by_steady(1s));
  one->version = 7;
  one->timeline = std::make_shared<const cano::detail::Timeline>(
      cano::Schedule::every(1s), cano::ScheduleOptions{}, "one", cano::FirstRun::Immediately,
      at(0s));
  queue.insert(one);
  const auto due = queue.pop_due(at(1s));
  REQUIRE(due);
  CHECK(due->job == one);
  CHECK(due->timeline == one->timeline);
  CHECK(due->version == 7);
}

TEST_CASE("the jobs by the clock on the wall are taken out together, the first first") {
  DueQueue queue;
  queue.insert(job("late", 1, by_wall(5s)));
  queue.insert(job("steady", 2, by_steady(1s)));
  queue.insert(job("early", 3, by_wall(1s)));
  const auto jobs = queue.pop_by_wall();
  REQUIRE(jobs.size() == 2);
  CHECK(jobs[0].job->id == "early");
  CHECK(jobs[1].job->id == "late");
  CHECK(queue.pop_by_wall().empty());
  CHECK(pop_all(queue, at(1s)) == "steady");
}

TEST_CASE("the next wake-up is at once when a job is due, or else when the first ones are") {
  DueQueue queue;
  CHECK_FALSE(queue.next_wake(at(0s)).due.steady);
  CHECK_FALSE(queue.next_wake(at(0s)).due.wall);
  CHECK_FALSE(queue.next_wake(at(1000h)).is_again);
  queue.insert(job("a", 1, by_steady(3s)));
  queue.insert(job("b", 2, by_steady(2s)));
  queue.insert(job("c", 3, by_wall(4s)));
  const auto next = queue.next_wake(at(1s));
  CHECK_FALSE(next.is_again);
  CHECK_FALSE(next.is_over);
  CHECK(next.due.steady == at(2s).steady);
  CHECK(next.due.wall == at(4s).wall);
  CHECK(queue.next_wake(at(2s)).is_again);
  CHECK(queue.next_wake({at(1s).steady, at(4s).wall}).is_again);
}

TEST_CASE("the due queue agrees with a sorted list, whatever is inserted and erased") {
  std::mt19937 random{5};
  DueQueue queue;
  std::vector<std::shared_ptr<Job>> jobs;
  for (std::uint64_t i = 0; i < 30; ++i)
    jobs.push_back(job(std::to_string(i), i, {}));
  for (int round = 0; round < 2000; ++round) {
    const auto& one = jobs[random() % jobs.size()];
    queue.erase(one);
    one->due = random() % 2 == 0 ? by_steady(std::chrono::seconds{random() % 50})
                                 : by_wall(std::chrono::seconds{random() % 50});
    if (random() % 3 != 0) queue.insert(one);
    const Moment now = at(std::chrono::seconds{random() % 50});
    if (round % 10 != 0) continue;
    std::multimap<std::pair<steady_time, std::uint64_t>, std::string> steady;
    std::multimap<std::pair<system_time, std::uint64_t>, std::string> wall;
    for (const auto& each : jobs) {
      if (!each->is_in_due_queue) continue;
      const auto& due = each->due;
      if (due.steady && *due.steady <= now.steady)
        steady.emplace(std::pair{*due.steady, each->number}, each->id);
      if (due.wall && *due.wall <= now.wall)
        wall.emplace(std::pair{*due.wall, each->number}, each->id);
    }
    std::string expected;
    for (const auto& each : steady)
      expected += each.second;
    for (const auto& each : wall)
      expected += each.second;
    REQUIRE(pop_all(queue, now) == expected);
  }
}

}  // namespace due_queue_tests
