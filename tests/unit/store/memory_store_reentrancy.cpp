// SPDX-License-Identifier: MIT
// Code of the user that runs inside a call and uses the same store: callbacks, copies, destructors.
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <cano/error.hpp>
#include <cano/store/memory_store.hpp>

#include "support/catch.hpp"
#include "support/error_of.hpp"

using cano::Errc;
using cano::Error;
using cano::MemoryStore;

namespace {

// Reads and writes its store whenever it is copied, moved or destroyed.
class Nosy {
 public:
  Nosy() = default;
  explicit Nosy(MemoryStore& store) : store_{&store} {}
  Nosy(const Nosy& other) : store_{other.store_} { look(); }
  Nosy(Nosy&& other) noexcept : store_{other.store_} { look(); }
  Nosy& operator=(const Nosy&) = default;
  ~Nosy() { look(); }

 private:
  void look() const {
    if (store_ == nullptr) return;
    static_cast<void>(store_->contains("nosy"));
    static_cast<void>(store_->size());
    static_cast<void>(store_->keys());
    store_->put("looks", store_->get_or("looks", 0) + 1);
    store_->update<int>("updates", [](int& updates) { ++updates; });
    store_->append("log", 1);
  }

  MemoryStore* store_ = nullptr;
};

// Copies itself by reading its own key.
struct Mirror {
  MemoryStore* store = nullptr;
  std::string key;
  bool seen = false;
  Mirror() = default;
  Mirror(MemoryStore& of, std::string own) : store{&of}, key{std::move(own)} {}
  Mirror(const Mirror& other) : store{other.store}, key{other.key}, seen{store->contains(key)} {
    seen = seen && store->with<Mirror>(key, [&](const Mirror& self) { return &self == &other; });
  }
  Mirror& operator=(const Mirror&) = default;
};

constexpr const char* used_by_itself =
    "Key 'k' is being changed further up in this thread: a callback, or the value's own code, came "
    "back to it";

}  // namespace

TEST_CASE("values that use the store when they are copied, moved or destroyed do not block it") {
  int looks = 0;
  {
    MemoryStore store;
    const auto looked = [&] {
      const int before = std::exchange(looks, store.get_or("looks", 0));
      return looks > before;
    };
    store.put("nosy", Nosy{store});
    CHECK(looked());
    store.put("nosy", Nosy{store});  // destroys the old one
    CHECK(looked());
    static_cast<void>(store.get<Nosy>("nosy"));
    static_cast<void>(store.find<Nosy>("nosy"));
    static_cast<void>(store.get_or("nosy", Nosy{}));
    CHECK(looked());
    store.with<Nosy>("nosy", [&](const Nosy&) { store.put("nosy", Nosy{store}); });
    CHECK(looked());
    store.update<Nosy>("nosy", [&](Nosy& nosy) { nosy = Nosy{store}; });
    CHECK(looked());
    for (int number = 0; number < 20; ++number)
      store.append("many", Nosy{store});  // grows, and destroys what it grew out of
    CHECK(looked());
    static_cast<void>(store.take<Nosy>("nosy"));
    CHECK(looked());
    store.put("nosy", Nosy{store});
    CHECK(store.remove("nosy"));
    CHECK(looked());
    const MemoryStore copy = store;
    CHECK(looked());
    store.put("nosy", Nosy{store});
    store.put("nosy", 1);
    CHECK(looked());
    store.clear();
    CHECK(store.contains("looks"));
    store.put("nosy", Nosy{store});
  }
}

TEST_CASE("the values of a store that is destroyed find it empty") {
  struct Last {
    Last(MemoryStore& of, std::size_t& size) : store{&of}, found{&size} {}
    ~Last() {
      *found = store->size();
      store->put("from a destructor", 1);
    }
    MemoryStore* store;
    std::size_t* found;
  };
  std::size_t found = 99;
  {
    MemoryStore store;
    store.put("last", std::make_shared<Last>(store, found));
    store.put("other", 1);
  }
  CHECK(found == 0);
}

TEST_CASE("a value that reads its own key when it is copied finds itself") {
  MemoryStore store;
  store.put("k", Mirror{store, "k"});
  CHECK(store.get<Mirror>("k").seen);
  CHECK(store.find<Mirror>("k")->seen);
  store.update<Mirror>("k", [](Mirror& copy) { CHECK(copy.seen); });
  MemoryStore copy = store;
  CHECK(copy.with<Mirror>("k", [](const Mirror& mirror) { return mirror.seen; }));
}

TEST_CASE("inside with every call works, also on the same key; the value stays") {
  MemoryStore store;
  store.put("k", std::string(100, 'a'));
  store.with<std::string>("k", [&](const std::string& text) {
    CHECK(store.get<std::string>("k") == text);
    store.update<std::string>("k", [](std::string& other) { other = "updated"; });
    CHECK(store.get<std::string>("k") == "updated");
    CHECK(store.take<std::string>("k") == "updated");
    store.put("k", 1);
    store.clear();
    CHECK(text == std::string(100, 'a'));
  });
  CHECK(store.empty());

  store.put("k", std::vector<int>{1});
  store.with<std::vector<int>>("k", [&](const std::vector<int>& list) {
    store.append("k", 2);
    CHECK(list.size() == 1);
  });
  CHECK(store.get<std::vector<int>>("k") == std::vector<int>{1, 2});

  store.put("k", std::string(100, 'a'));
  store.with<std::string>("k", [&](const std::string& text) {
    CHECK(store.take<std::string>("k") == text);
    CHECK(text == std::string(100, 'a'));
  });
}

TEST_CASE("inside update the other keys work, and reading the same one gives the old value") {
  MemoryStore store;
  store.put("k", 1);
  store.update<int>("k", [&](int& value) {
    value = 2;
    CHECK(store.get<int>("k") == 1);
    CHECK(store.contains("k"));
    store.update<int>("other", [&](int& other) { other = store.get<int>("k"); });
    store.append("list", 1);
    store.put("more", 1);
    CHECK(store.to_json()["k"] == 1);
    CHECK(MemoryStore{store}.get<int>("k") == 1);
  });
  CHECK(store.get<int>("k") == 2);
  CHECK(store.get<int>("other") == 1);
}

TEST_CASE("a put, remove or clear of the key inside its update comes after it") {
  MemoryStore store;
  store.put("k", 1);
  store.update<int>("k", [&](int& value) {
    store.put("k", 5);
    value = 2;
  });
  CHECK(store.get<int>("k") == 5);
  store.update<int>("k", [&](int& value) {
    CHECK(store.remove("k"));
    value = 2;
  });
  CHECK_FALSE(store.contains("k"));
  store.put("k", 1);
  store.update<int>("k", [&](int&) { store.clear(); });
  CHECK(store.empty());
  store.put("k", 1);
  store.update<int>("k", [&](int&) { store = MemoryStore{}; });
  CHECK(store.empty());
  store.update<int>("absent", [&](int& value) {
    store.put("absent", "text");
    value = 2;
  });
  CHECK(store.get<std::string>("absent") == "text");
}

TEST_CASE("to change a key inside a change of it throws and changes nothing") {
  MemoryStore store;
  store.put("k", 1);
  const auto check = [&](auto inner) {
    const Error error = error_of([&] {
      store.update<int>("k", [&](int& value) {
        value = 2;
        inner();
      });
    });
    CHECK(error.errc() == Errc::Store);
    CHECK(error.message() == used_by_itself);
    CHECK(store.get<int>("k") == 1);
  };
  check([&] { store.update<int>("k", [](int&) {}); });
  check([&] { store.append("k", 1); });
  check([&] { static_cast<void>(store.take<int>("k")); });
  check([&] { store.update<int>("other", [&](int&) { store.update<int>("k", [](int&) {}); }); });
  CHECK_FALSE(store.contains("other"));
  store.update<int>("k", [](int& value) { ++value; });
  CHECK(store.get<int>("k") == 2);
}

TEST_CASE("a move-only value that is lent cannot be reached a second time") {
  using Pointer = std::unique_ptr<int>;
  MemoryStore store;
  store.put("k", std::make_unique<int>(1));
  const auto check = [&](auto inner) {
    const Error error =
        error_of([&] { store.with<Pointer>("k", [&](const Pointer&) { inner(); }); });
    CHECK(error.errc() == Errc::Store);
    CHECK(error.message() == used_by_itself);
    CHECK(store.with<Pointer>("k", [](const Pointer& p) { return *p; }) == 1);
  };
  check([&] { store.with<Pointer>("k", [](const Pointer&) {}); });
  check([&] { store.update<Pointer>("k", [](Pointer&) {}); });
  check([&] { static_cast<void>(store.take<Pointer>("k")); });
  check([&] { static_cast<void>(store.to_json()); });
  check([&] { const MemoryStore copy = store; });
  store.with<Pointer>("k", [&](const Pointer&) {
    CHECK(store.contains("k"));
    CHECK(store.size() == 1);
    CHECK(store.keys() == std::vector<std::string>{"k"});
    store.put("other", 1);
  });
}

TEST_CASE("a lent value outlives its key, and does not come back over a newer one") {
  using Pointer = std::unique_ptr<int>;
  MemoryStore store;
  store.put("k", std::make_unique<int>(1));
  store.with<Pointer>("k", [&](const Pointer& p) {
    CHECK(store.remove("k"));
    CHECK(*p == 1);
  });
  CHECK_FALSE(store.contains("k"));

  store.put("k", std::make_unique<int>(1));
  store.update<Pointer>("k", [&](Pointer& p) {
    store.put("k", 7);
    CHECK(store.get<int>("k") == 7);
    *p = 2;
  });
  CHECK(store.get<int>("k") == 7);

  store.put("k", std::make_unique<int>(1));
  MemoryStore moved;
  store.with<Pointer>("k", [&](const Pointer& p) {
    store.put("stays", 1);
    moved = std::move(store);
    CHECK(*p == 1);
  });
  CHECK(moved.keys() == std::vector<std::string>{"stays"});
  CHECK(store.empty());
}
