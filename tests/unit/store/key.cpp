// SPDX-License-Identifier: MIT
#include <string>
#include <type_traits>
#include <vector>

#include <cano/store/key.hpp>
#include <cano/store/memory_store.hpp>

#include "support/catch.hpp"

using cano::Key;
using cano::MemoryStore;

namespace {

inline constexpr Key<int> user_id{"user_id"};
inline constexpr Key<std::string> user_name{"name"};
inline constexpr Key<std::vector<double>> user_scores{"scores"};
inline constexpr Key<double> ratio{"ratio"};

}  // namespace

TEST_CASE("a key is a name and a type") {
  STATIC_REQUIRE(user_id.name == "user_id");
  STATIC_REQUIRE(std::is_same_v<decltype(user_id)::value_type, int>);
}

TEST_CASE("every call that takes a key takes a typed one") {
  MemoryStore store;
  store.put(user_id, 42);
  store.put(user_name, "Alice");
  store.append(user_scores, 0.5);
  store.append(user_scores, 2);
  store.update(user_id, [](int& id) { ++id; });

  CHECK(store.get(user_id) == 43);
  CHECK(store.get(user_name) == "Alice");
  CHECK(store.find(user_id) == 43);
  CHECK(store.get_or(user_id, 7) == 43);
  CHECK(store.get_or(ratio, 7) == 7.0);
  CHECK(store.with(user_scores, [](const std::vector<double>& all) { return all.size(); }) == 2);
  CHECK(store.contains(user_name));
  CHECK(store.remove(user_name));
  CHECK_FALSE(store.contains(user_name));
  CHECK(store.take(user_scores) == std::vector<double>{0.5, 2.0});
  CHECK(store.keys() == std::vector<std::string>{"user_id"});
}

TEST_CASE("a typed key and its name are the same key") {
  MemoryStore store;
  store.put("user_id", 1);
  CHECK(store.get(user_id) == 1);
  store.put(user_id, 2);
  CHECK(store.get<int>("user_id") == 2);
}

TEST_CASE("a typed key converts what is put to its type") {
  MemoryStore store;
  store.put(ratio, 1);
  CHECK(store.get<double>("ratio") == 1.0);
}
