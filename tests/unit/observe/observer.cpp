// SPDX-License-Identifier: MIT
#include <memory>
#include <stdexcept>
#include <type_traits>

#include <cano/error.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/observer.hpp>

#include "support/catch.hpp"

using cano::Observer;
using cano::RunStarted;
using cano::detail::ObserverList;

namespace {

struct Counting : Observer {
  int calls = 0;
  bool throws = false;
  void on_run_started(const RunStarted&) override {
    ++calls;
    if (throws) throw 1;
  }
};

void notify(const ObserverList& list) {
  const cano::RunInfo run;
  list.notify(&Observer::on_run_started, RunStarted{run, "A", {}});
}

}  // namespace

TEST_CASE("an observer overrides the hooks it wants, the others do nothing") {
  Observer nothing;
  const cano::RunInfo run;
  nothing.on_run_started(RunStarted{run, "A", {}});
  nothing.on_batch_started(cano::BatchStarted{run, 1, "", {}});
  nothing.on_occurrence_due(cano::OccurrenceDue{"job", {}, {}});
  nothing.on_occurrence_queued(cano::OccurrenceQueued{"job", {}, {}});
  STATIC_REQUIRE(std::has_virtual_destructor_v<Observer>);
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Observer>);
}

TEST_CASE("an observer that throws is switched off, alone and for all copies of the list") {
  const auto bad = std::make_shared<Counting>();
  const auto good = std::make_shared<Counting>();
  ObserverList list;
  list.add(bad);
  list.add(good);
  const ObserverList copy = list;
  notify(list);
  CHECK(list.failures().empty());
  bad->throws = true;
  notify(list);
  notify(list);
  notify(copy);
  CHECK(bad->calls == 2);
  CHECK(good->calls == 4);
  REQUIRE(copy.failures().size() == 1);
  CHECK(copy.failures()[0].observer == bad);
  CHECK(copy.failures()[0].message == "exception of type int: 1");
}

TEST_CASE("of an observer that throws again before it is off, the first exception is kept") {
  struct Nested : Observer {
    const ObserverList* list = nullptr;
    int depth = 0;
    void on_run_started(const RunStarted&) override {
      if (++depth == 2) throw std::runtime_error{"inner"};
      notify(*list);
      throw std::runtime_error{"outer"};
    }
  };
  const auto observer = std::make_shared<Nested>();
  ObserverList list;
  list.add(observer);
  observer->list = &list;
  notify(list);
  CHECK(observer->depth == 2);
  REQUIRE(list.failures().size() == 1);
  CHECK(list.failures()[0].message == "inner");
}

TEST_CASE("a null observer is refused") {
  ObserverList list;
  try {
    list.add(nullptr);
    FAIL("was not refused");
  } catch (const cano::Error& error) {
    CHECK(error.errc() == cano::Errc::Configuration);
    CHECK(error.message() == "with_observer: the observer is null");
  }
  CHECK(list.empty());
}
