// SPDX-License-Identifier: MIT
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <cano/error.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/observer.hpp>

#include "support/catch.hpp"

using cano::Observer;
using cano::detail::ObserverList;

namespace {

class NotingObserver final : public Observer {
 public:
  NotingObserver(std::string name, std::vector<std::string>& log, bool waits = false)
      : name_{std::move(name)}, log_{log}, waits_{waits} {}

  bool wants_waits() const noexcept override { return waits_; }
  void on_run_started(const cano::RunStarted& event) override {
    log_.push_back(name_);
    if (event.run.word != nullptr) *event.run.word += 1;
    if (throws) throw std::runtime_error{name_ + " is full"};
  }
  void on_resumed(const cano::RunResumed&) override { log_.push_back(name_ + " resumed"); }

  bool throws = false;

 private:
  std::string name_;
  std::vector<std::string>& log_;
  bool waits_;
};

class ListFixture {
 public:
  NotingObserver& add(const char* name, bool waits = false) {
    auto observer = std::make_shared<NotingObserver>(name, log, waits);
    NotingObserver& added = *observer;
    list.add(std::move(observer));
    return added;
  }
  void start(std::uintptr_t* words = nullptr) {
    list.notify(&Observer::on_run_started, cano::RunStarted{run, "A", {}}, words);
  }

  ObserverList list;
  cano::RunInfo run{};
  std::vector<std::string> log;
};

}  // namespace

TEST_CASE("observers are called in the order in which they were added, each with its word") {
  ListFixture fixture;
  fixture.add("a");
  fixture.add("b");
  CHECK(fixture.list.size() == 2);
  std::vector<std::uintptr_t> words(2);
  fixture.start(words.data());
  fixture.start(words.data());
  CHECK(fixture.log == std::vector<std::string>{"a", "b", "a", "b"});
  CHECK(words == std::vector<std::uintptr_t>{2, 2});
}

TEST_CASE(
    "an observer that throws is switched off, in copies of the list too, the others are not") {
  ListFixture fixture;
  fixture.add("a").throws = true;
  fixture.add("b");
  const ObserverList copy = fixture.list;
  fixture.start();
  fixture.start();
  CHECK(fixture.log == std::vector<std::string>{"a", "b", "b"});
  const auto failures = copy.failures();
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].message == "a is full");
}

TEST_CASE("waits are reported to those that ask for them") {
  ListFixture fixture;
  fixture.add("a");
  CHECK_FALSE(fixture.list.wants_waits());
  fixture.add("b", true);
  CHECK(fixture.list.wants_waits());
  fixture.list.notify_of_waits(&Observer::on_resumed, cano::RunResumed{fixture.run, "A", 1, {}},
                               nullptr);
  CHECK(fixture.log == std::vector<std::string>{"b resumed"});
}

TEST_CASE("there is no null observer") {
  ObserverList list;
  CHECK(list.empty());
  CHECK_THROWS_AS(list.add(nullptr), cano::Error);
  CHECK(list.empty());
}
