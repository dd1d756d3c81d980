// SPDX-License-Identifier: MIT
#include "integration/one_definition.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <cano/error.hpp>
#include <cano/store/memory_store.hpp>

#include "support/catch.hpp"

namespace {

using one_definition::Library;
using one_definition::State;

const std::vector<const Library*> libraries{&one_definition::plain(), &one_definition::optimised(),
                                            &one_definition::hidden()};

template <class Check> void for_each_pair(Check check) {
  for (const Library* first : libraries) {
    for (const Library* second : libraries) {
      INFO(first->name() << " and " << second->name());
      check(*first, *second);
    }
  }
}

}  // namespace

TEST_CASE("what a library puts into a store another one reads, whatever options built them") {
  for_each_pair([](const Library& writer, const Library& reader) {
    cano::MemoryStore store;
    writer.fill(store);
    CHECK(reader.read(store) == std::string{writer.name()} + " 7 r-17 1999");
  });
}

TEST_CASE("a workflow that a library describes runs in another one") {
  for_each_pair([](const Library& describer, const Library& runner) {
    cano::MemoryStore store;
    CHECK(runner.run(describer.workflow(), store) == State::Done);
    CHECK(store.get<int>("runs") == 1);
    CHECK(store.get<std::vector<std::string>>("workers") ==
          std::vector<std::string>{describer.name()});
  });
}

TEST_CASE("a library waits on the virtual clock of another one") {
  for_each_pair([](const Library& describer, const Library& runner) {
    CHECK(runner.waited(describer.workflow()) == std::chrono::milliseconds{100});
  });
}

TEST_CASE("a change of a key inside a change of it is refused, whichever library makes the two") {
  for_each_pair([](const Library& outer, const Library& inner) {
    cano::MemoryStore store;
    CHECK_THROWS_AS(outer.change(store, [&] { inner.change(store, [] {}); }), cano::Error);
    CHECK_FALSE(store.contains("changed"));
  });
}

TEST_CASE("an error of a library is caught by its type in another one") {
  for_each_pair([](const Library& thrower, const Library& catcher) {
    CHECK(catcher.caught(thrower) == "key_not_found");
  });
}

#ifdef CANO_TEST_WITH_TIME_ZONES
TEST_CASE("one source file with a time-zone database is enough for the libraries of a program") {
  for (const Library* library : libraries)
    CHECK(library->zone() == "Europe/Berlin");
}
#endif
