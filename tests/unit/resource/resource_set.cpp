// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/task_group.hpp>
#include <cano/async/timeout.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/detail/exception_text.hpp>
#include <cano/error.hpp>
#include <cano/resource/resource_set.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/testing/virtual_time.hpp>

#include "support/async.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

namespace resource_set_tests {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using cano::Async;
using cano::Errc;
using cano::Health;
using cano::HealthStatus;
using cano::ResourceSet;

using Log = std::vector<std::string>;

/// What a resource does, and a word of it in a log.
struct Script {
  std::chrono::milliseconds set_up{};
  std::chrono::milliseconds tear_down{};
  bool set_up_fails = false;
  bool tear_down_fails = false;
};
class Scripted {
 public:
  Scripted(Log& log, std::string name, Script script = {})
      : log_{&log}, name_{std::move(name)}, script_{script} {}

  Async<void> set_up() {
    log_->push_back("up " + name_);
    if (script_.set_up > 0ms) co_await cano::sleep_for(script_.set_up);
    if (script_.set_up_fails) throw std::runtime_error{name_ + " is not there"};
    log_->push_back("is up " + name_);
  }
  Async<void> tear_down() {
    log_->push_back("down " + name_);
    if (script_.tear_down > 0ms) co_await cano::sleep_for(script_.tear_down);
    if (script_.tear_down_fails) throw std::runtime_error{name_ + " does not end"};
    log_->push_back("is down " + name_);
  }

 private:
  Log* log_;
  std::string name_;
  Script script_;
};

struct Fixture {
  cano::VirtualTime time{};
  Log log{};
  ResourceSet set{};

  void add(std::string name, Script script = {}, cano::ResourceOptions options = {}) {
    auto resource = std::make_shared<Scripted>(log, name, script);
    set.add(std::move(name), std::move(resource), options);
  }
  Async<int> work(std::chrono::milliseconds duration, int value = 1) {
    log.emplace_back("work");
    co_await cano::sleep_for(duration);
    co_return value;
  }
};

TEST_CASE("resources are set up in order for the work, and torn down in reverse") {
  Fixture f;
  f.add("a", {.set_up = 5ms, .tear_down = 5ms});
  f.add("b");
  CHECK(f.time.run(f.set.use(f.work(10ms, 7))) == 7);
  CHECK(f.log == Log{"up a", "is up a", "up b", "is up b", "work", "down b", "is down b", "down a",
                     "is down a"});
  CHECK(f.time.elapsed() == 20ms);
  CHECK(f.set.users() == 0);
  f.log.clear();
  f.time.run(f.set.use(cano::sleep_for(1ms)));  // once more, and of another type
  CHECK(f.log.front() == "up a");
  CHECK(f.log.back() == "is down a");
}

TEST_CASE("users at the same time share the set: the first sets up, the last tears down") {
  Fixture f;
  f.add("a", {.set_up = 5ms, .tear_down = 5ms});
  const auto after = [&](std::chrono::milliseconds begin,
                         std::chrono::milliseconds duration) -> Async<void> {
    co_await cano::sleep_for(begin);
    auto use = f.set.use(f.work(duration));
    co_await std::move(use);
  };
  f.time.run(cano::when_all(after(0ms, 10ms), after(1ms, 20ms), after(12ms, 3ms)));
  CHECK(f.log == Log{"up a", "is up a", "work", "work", "work", "down a", "is down a"});
  CHECK(f.time.elapsed() == 30ms);
  // A user that comes while it is torn down waits, and has it set up again.
  f.log.clear();
  f.time.run(cano::when_all(after(0ms, 1ms), after(8ms, 1ms)));
  CHECK(f.log == Log{"up a", "is up a", "work", "down a", "is down a", "up a", "is up a", "work",
                     "down a", "is down a"});
}

TEST_CASE("when a resource cannot be set up, those before it are torn down, and it is named") {
  Fixture f;
  f.add("a");
  f.add("b", {.tear_down_fails = true});
  f.add("c", {.set_up_fails = true});
  f.add("d");
  try {
    f.time.run(f.set.use(f.work(1ms)));
    FAIL("nothing was thrown");
  } catch (const cano::Error& error) {
    CHECK(error.errc() == Errc::Preparation);
    CHECK(error.message() == "resources: cannot set up c: c is not there");
    CHECK_THROWS_AS(std::rethrow_if_nested(error), std::runtime_error);
  }
  CHECK(f.log ==
        Log{"up a", "is up a", "up b", "is up b", "up c", "down b", "down a", "is down a"});
  const auto failures = f.set.take_failures();
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].name == "b");
  CHECK(f.set.users() == 0);
  CHECK(f.set.take_failures().empty());
}

TEST_CASE("a failure of the work passes through, and so does its result beside one to tear down") {
  Fixture f;
  f.add("a");
  f.add("b", {.tear_down_fails = true});
  const auto fails = []() -> Async<int> {
    co_await cano::sleep_for(1ms);
    throw std::domain_error{"work"};
  };
  CHECK_THROWS_AS(f.time.run(f.set.use(fails())), std::domain_error);
  CHECK(f.log.back() == "is down a");
  CHECK(f.time.run(f.set.use(f.work(1ms, 3))) == 3);
  const auto failures = f.set.take_failures();
  REQUIRE(failures.size() == 2);
  CHECK(cano::detail::exception_text(failures[1].error) == "b does not end");
}

TEST_CASE("set-up and tear-down have limits of their own") {
  Fixture f;
  f.add("a", {.tear_down = 1h}, {.tear_down_within = 2s});
  f.add("b", {.set_up = 1h}, {.set_up_within = 3s});
  const auto error = error_of([&] { f.time.run(f.set.use(f.work(1ms))); });
  CHECK(error.message() == "resources: cannot set up b: Timeout: The timeout of 3 s passed");
  CHECK(f.time.elapsed() == 5s);
  CHECK(f.set.take_failures().size() == 1);
}

TEST_CASE("a cancelled user tears down all the same, to the end") {
  struct Case {
    std::chrono::milliseconds when;
    Log expected;
  };
  const Log up{"up a", "is up a", "up b", "is up b"};
  const auto plus = [](Log log, const Log& more) {
    log.insert(log.end(), more.begin(), more.end());
    return log;
  };
  const Log down{"down b", "is down b", "down a", "is down a"};
  const std::vector<Case> cases{
      {5ms, {"up a"}},                                             // sets up the first
      {15ms, {"up a", "is up a", "up b", "down a", "is down a"}},  // the second
      {25ms, plus(plus(up, {"work"}), down)},                      // works
      {45ms, plus(plus(up, {"work"}), down)}};                     // tears down
  for (const Case& each : cases) {
    Fixture f;
    f.add("a", {.set_up = 10ms, .tear_down = 10ms});
    f.add("b", {.set_up = 10ms, .tear_down = 10ms});
    StartedAsync<int> started{f.time.get_executor(), f.set.use(f.work(20ms))};
    f.time.run_for(each.when);
    started.cancel();
    f.time.run_until_idle();
    CHECK(started.has_ended);
    CHECK(started.was_aborted() == (each.when != 45ms));
    CHECK(f.log == each.expected);
    CHECK(f.set.users() == 0);
  }
}

TEST_CASE("a waiter for the set-up of another may be cancelled, and takes over when that fails") {
  Fixture f;
  f.add("a", {.set_up = 10ms});
  StartedAsync<int> first{f.time.get_executor(), f.set.use(f.work(20ms))};
  StartedAsync<int> second{f.time.get_executor(), f.set.use(f.work(20ms))};
  StartedAsync<int> third{f.time.get_executor(), f.set.use(f.work(20ms))};
  f.time.run_for(5ms);
  second.cancel();
  first.cancel();
  f.time.run_until_idle();
  CHECK(first.was_aborted());
  CHECK(second.was_aborted());
  CHECK(third.result() == 1);
  CHECK(f.log == Log{"up a", "up a", "is up a", "work", "down a", "is down a"});
}

TEST_CASE("a context that goes leaves the set to others") {
  Log log;
  ResourceSet set;
  set.add("a", std::make_shared<Scripted>(log, "a"));
  {
    cano::VirtualTime time;
    asio::co_spawn(time.get_executor(), set.use(cano::sleep_for(1h)), asio::detached);
    time.run_for(1ms);
    CHECK(set.users() == 1);
  }
  CHECK(set.users() == 0);
  cano::VirtualTime time;
  time.run(set.use(cano::sleep_for(1ms)));
  CHECK(log == Log{"up a", "is up a", "down a", "is down a"});  // it was still up
}

TEST_CASE("a resource has the members that it needs, plain or asynchronous") {
  cano::VirtualTime time;
  Log log;
  struct Plain {
    Log* log;
    void set_up() { log->emplace_back("up"); }
    void tear_down() { log->emplace_back("down"); }
    bool health() const { return true; }
  };
  struct Foreign {
    Log* log;
    asio::awaitable<void> set_up() {
      log->emplace_back("foreign");
      co_return;
    }
    asio::awaitable<Health> health() { co_return Health::degraded("lags"); }
  };
  struct Healthy {
    static Async<bool> health() { co_return true; }
  };
  ResourceSet set;
  const auto plain = set.add("plain", std::make_shared<Plain>(Plain{&log}));
  CHECK(plain->health());
  set.add("foreign", std::make_shared<Foreign>(Foreign{&log}));
  set.add("healthy", std::make_shared<Healthy>());
  const auto check = [&]() -> Async<cano::HealthReport> {
    auto asking = set.check_health();
    co_return co_await std::move(asking);
  };
  const cano::HealthReport report = time.run(set.use(check()));
  CHECK(log == Log{"up", "foreign", "down"});
  REQUIRE(report.resources.size() == 3);
  CHECK(report.resources[1].message == "lags");
  CHECK(report.status() == HealthStatus::Degraded);
}

/// Reports the health that the test sets.
struct Patient {
  std::chrono::milliseconds delay{};
  std::optional<bool> answer = true;
  int asked = 0;
  Async<bool> health() {
    ++asked;
    co_await cano::sleep_for(delay);
    if (!answer) throw std::runtime_error{"no route"};
    co_return *answer;
  }
};

TEST_CASE("all are asked at once how they are, each within its limit") {
  Fixture f;
  f.add("silent");
  const auto slow = f.set.add("slow", std::make_shared<Patient>(Patient{.delay = 3s}));
  const auto stuck =
      f.set.add("stuck", std::make_shared<Patient>(Patient{.delay = 1h}), {.health_within = 4s});
  f.set.add("broken", std::make_shared<Patient>(Patient{.answer = std::nullopt}));
  CHECK(f.time.run(f.set.check_health()).resources.empty());  // none is up
  CHECK(slow->asked == 0);
  const auto ask = [&]() -> Async<cano::HealthReport> {
    auto asking = f.set.check_health();
    co_return co_await std::move(asking);
  };
  const auto report = f.time.run(f.set.use(ask()));
  CHECK(f.time.elapsed() == 4s);
  REQUIRE(report.resources.size() == 4);
  CHECK(report.resources[0].status == HealthStatus::Healthy);
  CHECK(report.resources[1].status == HealthStatus::Healthy);
  CHECK(report.resources[1].elapsed == 3s);
  CHECK(report.resources[2].message == "Timeout: The timeout of 4 s passed");
  CHECK(report.resources[3].message == "no route");
  CHECK_FALSE(report.works());
  CHECK(f.set.last_health().resources.size() == 4);
}

TEST_CASE("a set that is left while it is asked is torn down behind that") {
  Fixture f;
  f.add("a");
  f.set.add("slow", std::make_shared<Patient>(Patient{.delay = 3s}));
  StartedAsync<int> user{f.time.get_executor(), f.set.use(f.work(10ms))};
  f.time.run_for(5ms);
  StartedAsync<cano::HealthReport> asked{f.time.get_executor(), f.set.check_health()};
  f.time.run_for(1s);
  CHECK(user.has_ended);
  CHECK(f.log.back() == "work");
  f.time.run_until_idle();
  CHECK(asked.result().works());
  CHECK(f.log.back() == "is down a");
}

TEST_CASE("a scheduled job asks the last report, which is kept by a watch") {
  Fixture f;
  const auto patient = f.set.add("db", std::make_shared<Patient>());
  const cano::HealthCheck check = cano::health_check_of(f.set);
  CHECK(check());  // nothing is known against it
  StartedAsync<int> user{f.time.get_executor(), f.set.use(f.work(1h))};
  StartedAsync<void> watch{f.time.get_executor(), f.set.watch_health(10s)};
  f.time.run_for(1s);
  CHECK(patient->asked == 1);
  CHECK(check());
  patient->answer = false;
  CHECK(check());
  f.time.run_for(10s);
  CHECK_FALSE(check());
  patient->answer = true;
  f.time.run_for(10s);
  CHECK(check());
  patient->answer = false;
  f.time.run_for(10s);
  CHECK_FALSE(check());
  watch.cancel();
  f.time.run_until_idle();
  CHECK(watch.was_aborted());
  CHECK(user.result() == 1);
  CHECK_FALSE(check());
  f.time.run(f.set.use(f.work(1ms)));  // what was set up anew is not blamed for the past
  CHECK(check());
}

TEST_CASE("a job is skipped while its resources are unhealthy, and shares them") {
  Fixture f;
  f.add("a");
  const auto patient = f.set.add("db", std::make_shared<Patient>());
  cano::Scheduler scheduler{f.time.get_executor()};
  const auto job = [&](const cano::Occurrence&) { return f.set.use(cano::sleep_for(100ms)); };
  scheduler.every("import", job, 10s, {.health = cano::health_check_of(f.set)});
  scheduler.start();
  StartedAsync<int> user{f.time.get_executor(), f.set.use(f.work(65s))};
  StartedAsync<void> watch{f.time.get_executor(), f.set.watch_health(5s)};
  f.time.run_for(21s);  // at 0, 10 and 20
  patient->answer = false;
  f.time.run_for(20s);  // not at 30 and 40
  patient->answer = true;
  f.time.run_for(23s);  // at 50 and 60
  const auto job_info = scheduler.status("import");
  REQUIRE(job_info);
  CHECK(job_info->success_count == 5);
  CHECK(job_info->occurrences.unhealthy == 2);
  CHECK(std::count(f.log.begin(), f.log.end(), "up a") == 1);
  watch.cancel();
}

TEST_CASE("what cannot be added is refused, and names itself") {
  Fixture f;
  f.add("a");
  const auto refused = [&](auto call) {
    const auto error = error_of(call);
    CHECK(error.errc() == Errc::Configuration);
    return error.message();
  };
  CHECK(refused([&] { f.add("a"); }) == "resources: a is added twice");
  CHECK(refused([&] { f.set.add("n", std::shared_ptr<Scripted>{}); }) ==
        "resources: n is a null pointer");
  CHECK(refused([&] { f.add("z", {}, {.tear_down_within = 0s}); }) ==
        "resources: z has a limit that is not positive");
  const auto late = [&]() -> Async<void> {
    CHECK(refused([&] { f.add("late"); }) == "resources: late is added while the set is in use");
    co_return;
  };
  f.time.run(f.set.use(late()));
  f.add("later");
  CHECK(f.time.run(f.set.use(f.work(1ms))) == 1);
}

TEST_CASE("runs on several threads share a set") {
  struct Counted {
    int up = 0;  // guarded by the set
    int most = 0;
    Async<void> set_up() {
      co_await cano::yield_now();
      most = std::max(most, ++up);
    }
    Async<void> tear_down() {
      co_await cano::yield_now();
      --up;
    }
  };
  cano::Runtime runtime{3};
  ResourceSet set;
  const auto counted = set.add("x", std::make_shared<Counted>());
  const auto work = []() -> Async<int> {
    co_await cano::yield_now();
    co_return 1;
  };
  const auto all = [&]() -> Async<int> {
    cano::TaskGroup group{runtime.get_executor()};
    for (int i = 0; i < 200; ++i) {
      group.spawn([](ResourceSet s, auto w) -> Async<void> {
        auto use = s.use(w());
        co_await std::move(use);
      }(set, work));
    }
    auto joining = group.join();
    co_await std::move(joining);
    co_return 1;
  };
  CHECK(runtime.run(all()) == 1);
  CHECK(counted->most == 1);
  CHECK(counted->up == 0);
  CHECK(set.users() == 0);
}

}  // namespace resource_set_tests
