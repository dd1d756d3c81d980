// SPDX-License-Identifier: MIT
// The questions on stores, for any that has `get` and `put`.
#pragma once

#include <cstdint>
#include <string>

#include "peers/measure.hpp"

template <class Store> void time_store(measure::Results& results) {
  constexpr int calls = 100'000;
  Store store;
  for (int other = 0; other < 6; ++other)
    store.put("other_" + std::to_string(other), other);
  store.put("counter", std::uint64_t{42});
  store.put("name", std::string{"Alice"});
  const char* counter = "counter";
  const char* name = "name";
  results.time("store_get_ns", calls, 1, [&] {
    for (int i = 0; i < calls; ++i) {
      measure::keep(counter);
      measure::keep(store.template get<std::uint64_t>(counter));
    }
  });
  results.time("store_put_ns", calls, 1, [&] {
    for (int i = 0; i < calls; ++i) {
      measure::keep(counter);
      store.put(counter, std::uint64_t{7});
    }
  });
  results.time("store_get_string_ns", calls, 1, [&] {
    for (int i = 0; i < calls; ++i) {
      measure::keep(name);
      measure::keep(store.template get<std::string>(name));
    }
  });
}
