// SPDX-License-Identifier: MIT
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/store/key_value_store.hpp>
#include <cano/store/memory_store.hpp>

#include "support/catch.hpp"

using cano::KeyValueStore;
using cano::MemoryStore;

namespace {

// Another store: puts the name of a tenant before every key.
class TenantStore {
 public:
  TenantStore(MemoryStore& shared, std::string tenant) : shared_{shared}, tenant_{tenant + '/'} {}

  template <class T> void put(std::string_view key, T&& value) {
    shared_.put(full(key), std::forward<T>(value));
  }
  template <class T> T get(std::string_view key) const { return shared_.get<T>(full(key)); }
  template <class T> std::optional<T> find(std::string_view key) const {
    return shared_.find<T>(full(key));
  }
  template <class T> T get_or(std::string_view key, T fallback) const {
    return shared_.get_or<T>(full(key), fallback);
  }
  template <class T> void append(std::string_view key, T&& item) {
    shared_.append(full(key), std::forward<T>(item));
  }
  template <class T, class F> decltype(auto) with(std::string_view key, F&& read) const {
    return shared_.with<T>(full(key), std::forward<F>(read));
  }
  template <class T, class F> void update(std::string_view key, F&& change) {
    shared_.update<T>(full(key), std::forward<F>(change));
  }
  template <class T> std::optional<T> take(std::string_view key) {
    return shared_.take<T>(full(key));
  }
  bool remove(std::string_view key) { return shared_.remove(full(key)); }
  bool contains(std::string_view key) const { return shared_.contains(full(key)); }
  std::vector<std::string> keys() const {
    std::vector<std::string> own;
    for (const std::string& key : shared_.keys()) {
      if (key.starts_with(tenant_)) own.push_back(key.substr(tenant_.size()));
    }
    return own;
  }
  std::size_t size() const { return keys().size(); }
  bool empty() const { return size() == 0; }
  void clear() {
    for (const std::string& key : keys())
      remove(key);
  }

 private:
  std::string full(std::string_view key) const { return tenant_ + std::string{key}; }

  MemoryStore& shared_;
  std::string tenant_;
};

struct PlainStruct {
  int count = 0;
};

// What a task that does not care which store it gets looks like.
void count_visit(KeyValueStore auto& store) {
  store.template update<int>("visits", [](int& visits) { ++visits; });
  store.append("log", std::string{"visited"});
}

}  // namespace

TEST_CASE("stores satisfy the concept") {
  STATIC_REQUIRE(KeyValueStore<MemoryStore>);
  STATIC_REQUIRE(KeyValueStore<TenantStore>);
}

TEST_CASE("what is no store does not") {
  STATIC_REQUIRE_FALSE(KeyValueStore<int>);
  STATIC_REQUIRE_FALSE(KeyValueStore<PlainStruct>);
  STATIC_REQUIRE_FALSE(KeyValueStore<std::map<std::string, int>>);
  STATIC_REQUIRE_FALSE(KeyValueStore<const MemoryStore>);
  STATIC_REQUIRE_FALSE(KeyValueStore<MemoryStore*>);
}

TEST_CASE("a generic task works with each of them") {
  MemoryStore store;
  TenantStore tenant{store, "acme"};
  count_visit(store);
  count_visit(tenant);
  count_visit(tenant);
  CHECK(store.get<int>("visits") == 1);
  CHECK(tenant.get<int>("visits") == 2);
  CHECK(tenant.get<std::vector<std::string>>("log").size() == 2);
  CHECK(tenant.keys() == std::vector<std::string>{"log", "visits"});
  tenant.clear();
  CHECK(store.keys() == std::vector<std::string>{"log", "visits"});
}
