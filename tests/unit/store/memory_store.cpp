// SPDX-License-Identifier: MIT
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <cano/error.hpp>
#include <cano/store/memory_store.hpp>

#include "support/catch.hpp"
#include "support/error_of.hpp"

using cano::Errc;
using cano::Error;
using cano::MemoryStore;

namespace {

struct Reading {
  std::string station;
  double value = 0.0;
  bool operator==(const Reading&) const = default;
};

enum class Colour { Red, Green };

struct NoDefault {
  explicit NoDefault(int n) : number{n} {}
  int number;
};

// Counts how often it is copied.
struct Counted {
  explicit Counted(int& copied) : copies{&copied} {}
  Counted(const Counted& other) : copies{other.copies} { ++*copies; }
  Counted(Counted&&) noexcept = default;
  Counted& operator=(const Counted&) = default;
  int* copies;
};

// Its copy fails from some copy on.
struct Fragile {
  int id = 0;
  std::shared_ptr<int> copies_left;
  Fragile() = default;
  Fragile(int number, std::shared_ptr<int> left) : id{number}, copies_left{std::move(left)} {}
  Fragile(const Fragile& other) : id{other.id}, copies_left{other.copies_left} {
    if (copies_left && (*copies_left)-- <= 0) throw std::runtime_error{"no more copies"};
  }
  Fragile& operator=(const Fragile&) = default;
};

struct alignas(64) Aligned {
  std::array<char, 64> bytes{};
};

}  // namespace

TEST_CASE("what is put comes back, whatever its type") {
  MemoryStore store;
  store.put("int", 42);
  store.put("negative", -1L);
  store.put("max", std::numeric_limits<std::uint64_t>::max());
  store.put("double", 0.25);
  store.put("bool", true);
  store.put("enum", Colour::Green);
  store.put("duration", std::chrono::minutes{5});
  store.put("struct", Reading{"Sea-Tac", 11.5});
  store.put("vector", std::vector<int>{85, 92, 78});
  store.put("map", std::map<std::string, int>{{"a", 1}});
  store.put("optional", std::optional<int>{});
  store.put("function", std::function<int(int)>{[](int n) { return n + 1; }});
  store.put("pointer", static_cast<const void*>(&store));
  store.put("null", nullptr);

  CHECK(store.get<int>("int") == 42);
  CHECK(store.get<long>("negative") == -1L);
  CHECK(store.get<std::uint64_t>("max") == std::numeric_limits<std::uint64_t>::max());
  CHECK(store.get<double>("double") == 0.25);
  CHECK(store.get<bool>("bool"));
  CHECK(store.get<Colour>("enum") == Colour::Green);
  CHECK(store.get<std::chrono::minutes>("duration") == std::chrono::minutes{5});
  CHECK(store.get<Reading>("struct") == Reading{"Sea-Tac", 11.5});
  CHECK(store.get<std::vector<int>>("vector") == std::vector<int>{85, 92, 78});
  CHECK(store.get<std::map<std::string, int>>("map").at("a") == 1);
  CHECK(store.get<std::optional<int>>("optional") == std::nullopt);
  CHECK(store.get<std::function<int(int)>>("function")(1) == 2);
  CHECK(store.get<const void*>("pointer") == &store);
  CHECK(store.get<std::nullptr_t>("null") == nullptr);
  CHECK(store.size() == 14);
}

TEST_CASE("a value of a large alignment is kept at such an address") {
  MemoryStore store;
  store.put("aligned", Aligned{});
  const auto address = store.with<Aligned>(
      "aligned", [](const Aligned& value) { return reinterpret_cast<std::uintptr_t>(&value); });
  CHECK(address % alignof(Aligned) == 0);
}

TEST_CASE("text of every kind is kept as std::string") {
  MemoryStore store;
  char array[] = "array";
  const char* pointer = "pointer";
  char* writable = array;
  store.put("literal", "literal");
  store.put("array", array);
  store.put("pointer", pointer);
  store.put("writable", writable);
  store.put("view", std::string_view{"a view of more", 6});
  store.put("string", std::string{"string"});
  array[0] = '?';
  CHECK(store.get<std::string>("literal") == "literal");
  CHECK(store.get<std::string>("array") == "array");
  CHECK(store.get<std::string>("pointer") == "pointer");
  CHECK(store.get<std::string>("writable") == "array");
  CHECK(store.get<std::string>("view") == "a view");
  CHECK(store.get<std::string>("string") == "string");
}

TEST_CASE("a null pointer is no text") {
  MemoryStore store;
  const char* null = nullptr;
  CHECK(error_of([&] { store.put("k", null); }).message() ==
        "Key 'k' was given a null pointer for text");
  CHECK(error_of([&] { store.append("k", null); }).errc() == Errc::Store);
  CHECK(error_of([&] { static_cast<void>(store.get_or("k", null)); }).errc() == Errc::Store);
  CHECK(store.empty());
}

TEST_CASE("put copies an lvalue, moves an rvalue, and takes the type that is named") {
  MemoryStore store;
  int copies = 0;
  Counted counted{copies};
  store.put("copied", counted);
  CHECK(copies == 1);
  store.put("moved", std::move(counted));
  CHECK(copies == 1);
  const std::string text = "const";
  store.put("const", text);
  CHECK(store.get<std::string>("const") == text);
  store.put<double>("told", 3);
  CHECK(store.get<double>("told") == 3.0);
}

TEST_CASE("put replaces a value, also by one of another type") {
  MemoryStore store;
  store.put("k", 1);
  store.put("k", 2);
  CHECK(store.get<int>("k") == 2);
  store.put("k", Reading{"A", 1.0});
  CHECK(store.get<Reading>("k").station == "A");
  store.put("k", "text");
  CHECK(store.get<std::string>("k") == "text");
  CHECK(store.size() == 1);
}

TEST_CASE("any text is a key") {
  MemoryStore store;
  const std::string long_key(100'000, 'k');
  const std::string_view with_null{"a\0b", 3};
  store.put("", 1);
  store.put(long_key, 2);
  store.put(with_null, 3);
  store.put("a", 4);
  CHECK(store.get<int>("") == 1);
  CHECK(store.get<int>(long_key) == 2);
  CHECK(store.get<int>(with_null) == 3);
  CHECK(store.get<int>("a") == 4);
  CHECK(store.size() == 4);
}

TEST_CASE("keys of every length and many of them are distinct") {
  MemoryStore store;
  for (std::size_t length = 0; length < 40; ++length) {
    for (char last = 'a'; last <= 'z'; ++last)
      store.put(std::string(length, 'x') + last, static_cast<int>(length) * 100 + last);
  }
  CHECK(store.size() == 40 * 26);
  for (std::size_t length = 0; length < 40; ++length) {
    for (char last = 'a'; last <= 'z'; ++last) {
      REQUIRE(store.get<int>(std::string(length, 'x') + last) ==
              static_cast<int>(length) * 100 + last);
    }
  }
}

TEST_CASE("a missing key is named") {
  MemoryStore store;
  const auto check = [](const Error& error) {
    CHECK(error.errc() == Errc::KeyNotFound);
    CHECK(error.message() == "Key 'k' not found in store");
    CHECK(std::string{error.what()} == "Store error: Key 'k' not found in store");
  };
  check(error_of([&] { store.get<int>("k"); }));
  check(error_of([&] { store.with<int>("k", [](const int&) {}); }));
  check(error_of([&] { store.with<std::unique_ptr<int>>("k", [](const auto&) {}); }));
  check(error_of([&] { store.update<NoDefault>("k", [](NoDefault&) {}); }));
  CHECK(store.empty());
}

TEST_CASE("a value of another type is named with both types") {
  MemoryStore store;
  store.put("k", "text");
  const auto check = [&](const auto& call, const std::string& wanted) {
    const Error error = error_of(call);
    CHECK(error.errc() == Errc::TypeMismatch);
    CHECK(error.message() == "Key 'k' holds std::string, not " + wanted);
    CHECK(store.get<std::string>("k") == "text");
  };
  check([&] { store.get<int>("k"); }, "int");
  check([&] { store.find<double>("k"); }, "double");
  check([&] { store.get_or("k", 5u); }, "unsigned int");
  check([&] { store.with<std::vector<int>>("k", [](const auto&) {}); }, "std::vector<int>");
  check([&] { store.update<bool>("k", [](bool&) {}); }, "bool");
  check([&] { store.take<Reading>("k"); }, "Reading");
  check([&] { store.update<std::unique_ptr<int>>("k", [](auto&) {}); }, "std::unique_ptr<int>");
  check([&] { store.with<std::unique_ptr<int>>("k", [](auto&) {}); }, "std::unique_ptr<int>");
  check([&] { store.take<std::unique_ptr<int>>("k"); }, "std::unique_ptr<int>");
}

TEST_CASE("types are compared exactly") {
  MemoryStore store;
  store.put("k", 1);
  CHECK(error_of([&] { store.get<long>("k"); }).message() == "Key 'k' holds int, not long");
  CHECK(error_of([&] { store.get<unsigned>("k"); }).errc() == Errc::TypeMismatch);
  CHECK(error_of([&] { store.get<bool>("k"); }).errc() == Errc::TypeMismatch);
}

TEST_CASE("types are named as a person would write them") {
  MemoryStore store;
  const auto held_name = [&](const auto& value) {
    store.put("k", value);
    const std::string message = error_of([&] { store.get<NoDefault>("k"); }).message();
    const std::string start = "Key 'k' holds ";
    return message.substr(start.size(), message.find(", not ") - start.size());
  };
  CHECK(held_name(std::string{}) == "std::string");
  CHECK(held_name(1) == "int");
  CHECK(held_name(1UL) == "unsigned long");
  CHECK(held_name(1LL) == "long long");
  CHECK(held_name(static_cast<short>(1)) == "short");
  CHECK(held_name(std::vector<std::string>{}) == "std::vector<std::string>");
  CHECK(held_name(std::vector<std::vector<unsigned short>>{}) ==
        "std::vector<std::vector<unsigned short>>");
  CHECK(held_name(std::map<std::string, std::vector<long>>{}) ==
        "std::map<std::string, std::vector<long>>");
  CHECK(held_name(std::pair<std::string_view, bool>{}) == "std::pair<std::string_view, bool>");
  CHECK(held_name(Colour::Red) == "Colour");
}

TEST_CASE("find gives nothing only when the key is absent") {
  MemoryStore store;
  CHECK(store.find<int>("k") == std::nullopt);
  store.put("k", 7);
  CHECK(store.find<int>("k") == 7);
}

TEST_CASE("get_or gives the fallback only when the key is absent") {
  MemoryStore store;
  CHECK(store.get_or("k", 7) == 7);
  CHECK(store.empty());
  store.put("k", 8);
  CHECK(store.get_or("k", 7) == 8);
  CHECK(store.get_or("text", "fallback") == "fallback");
  STATIC_REQUIRE(std::is_same_v<decltype(store.get_or("text", "fallback")), std::string>);
  CHECK(store.get_or<std::string>("text", "fallback") == "fallback");
  CHECK(store.get_or<double>("number", 1) == 1.0);
}

TEST_CASE("append makes a vector and adds to it in order") {
  MemoryStore store;
  store.append("scores", 85);
  CHECK(store.get<std::vector<int>>("scores") == std::vector<int>{85});
  for (int score = 0; score < 100; ++score)
    store.append("scores", score);
  const auto scores = store.get<std::vector<int>>("scores");
  REQUIRE(scores.size() == 101);
  for (int score = 0; score < 100; ++score)
    CHECK(scores[static_cast<std::size_t>(score) + 1] == score);

  store.put("given", std::vector<std::string>{"a"});
  store.append("given", "b");
  store.append("given", std::string_view{"c"});
  CHECK(store.get<std::vector<std::string>>("given") == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("append takes move-only items and items that only copy") {
  MemoryStore store;
  for (int number = 0; number < 10; ++number)
    store.append("pointers", std::make_unique<int>(number));
  using Pointers = std::vector<std::unique_ptr<int>>;
  store.with<Pointers>("pointers", [](const Pointers& pointers) {
    REQUIRE(pointers.size() == 10);
    for (int number = 0; number < 10; ++number)
      CHECK(*pointers[static_cast<std::size_t>(number)] == number);
  });

  const Fragile item{1, nullptr};
  for (int number = 0; number < 10; ++number)
    store.append("copies", item);
  CHECK(store.get<std::vector<Fragile>>("copies").size() == 10);
}

TEST_CASE("append names what it cannot append to") {
  MemoryStore store;
  store.put("k", "text");
  const Error error = error_of([&] { store.append("k", 1); });
  CHECK(error.errc() == Errc::AppendTypeMismatch);
  CHECK(error.message() == "Key 'k' holds std::string, not std::vector<int>: cannot append to it");
  CHECK(store.get<std::string>("k") == "text");
  store.put("doubles", std::vector<double>{1.0});
  CHECK(error_of([&] { store.append("doubles", 1); }).message() ==
        "Key 'doubles' holds std::vector<double>, not std::vector<int>: cannot append to it");
  CHECK(store.get<std::vector<double>>("doubles") == std::vector<double>{1.0});
}

TEST_CASE("append that throws leaves the vector as it was") {
  MemoryStore store;
  const auto left = std::make_shared<int>(1000);
  const Fragile item{7, left};
  for (int number = 0; number < 5; ++number)
    store.append("items", item);
  bool appended = false;
  for (int copies = 0; !appended; ++copies) {
    REQUIRE(copies < 20);
    *left = copies;
    try {
      store.append("items", item);
      appended = true;
    } catch (const std::runtime_error&) {
    }
    *left = 1000;
    const auto items = store.get<std::vector<Fragile>>("items");
    CHECK(items.size() == (appended ? 6u : 5u));
    for (const Fragile& each : items)
      CHECK(each.id == 7);
  }
}

TEST_CASE("with reads the value itself and returns what the reader returns") {
  MemoryStore store;
  int copies = 0;
  store.put("k", Counted{copies});
  const int before = copies;
  CHECK(store.with<Counted>("k", [&](const Counted& value) { return value.copies == &copies; }));
  CHECK(copies == before);

  int outside = 0;
  int& same = store.with<Counted>("k", [&](const Counted&) -> int& { return outside; });
  CHECK(&same == &outside);
  store.put("reading", Reading{"Sea-Tac", 1.5});
  CHECK(store.with<Reading>("reading", &Reading::value) == 1.5);
}

TEST_CASE("update changes the value, or one made of nothing") {
  MemoryStore store;
  store.update<int>("visits", [](int& visits) {
    CHECK(visits == 0);
    ++visits;
  });
  store.update<int>("visits", [](int& visits) { ++visits; });
  CHECK(store.get<int>("visits") == 2);
  store.update<std::string>("text", [](std::string& text) { text += "a"; });
  store.update<std::string>("text", [](std::string& text) { text += "b"; });
  CHECK(store.get<std::string>("text") == "ab");
  store.put("no default", NoDefault{1});
  store.update<NoDefault>("no default", [](NoDefault& value) { value.number = 5; });
  CHECK(store.get<NoDefault>("no default").number == 5);
}

TEST_CASE("update that throws leaves the old value, or none") {
  MemoryStore store;
  store.put("number", 1);
  store.put("text", "old");
  const auto spoil = [](auto& value) {
    value = {};
    throw std::runtime_error{"no"};
  };
  CHECK_THROWS_AS(store.update<int>("number", spoil), std::runtime_error);
  CHECK_THROWS_AS(store.update<std::string>("text", spoil), std::runtime_error);
  CHECK_THROWS_AS(store.update<std::string>("absent", spoil), std::runtime_error);
  CHECK(store.get<int>("number") == 1);
  CHECK(store.get<std::string>("text") == "old");
  CHECK_FALSE(store.contains("absent"));
  store.update<int>("number", [](int& number) { ++number; });  // the key is free again
  CHECK(store.get<int>("number") == 2);
}

TEST_CASE("take moves the value out") {
  MemoryStore store;
  int copies = 0;
  store.put("k", Counted{copies});
  CHECK(store.take<Counted>("k").has_value());
  CHECK(copies == 0);
  CHECK(store.take<Counted>("k") == std::nullopt);
  CHECK_FALSE(store.contains("k"));
  store.put("number", 5);
  CHECK(store.take<int>("number") == 5);
  CHECK(store.empty());
}

TEST_CASE("remove, contains, size, empty, clear and keys") {
  MemoryStore store;
  CHECK(store.empty());
  CHECK_FALSE(store.remove("absent"));
  store.put("pear", 1);
  store.put("apple", "x");
  store.put("fig", 2.0);
  CHECK(store.keys() == std::vector<std::string>{"apple", "fig", "pear"});
  CHECK(store.size() == 3);
  CHECK_FALSE(store.empty());
  CHECK(store.contains("fig"));
  CHECK(store.remove("fig"));
  CHECK_FALSE(store.contains("fig"));
  store.clear();
  CHECK(store.empty());
  CHECK(store.keys().empty());
  store.put("again", 1);
  CHECK(store.size() == 1);
}

TEST_CASE("a copy is a deep copy") {
  MemoryStore store;
  store.put("number", 1);
  store.put("list", std::vector<int>{1});
  MemoryStore copy = store;
  store.put("number", 2);
  store.append("list", 2);
  copy.update<std::vector<int>>("list", [](auto& list) { list.push_back(9); });
  copy.put("new", 1);
  CHECK(copy.get<int>("number") == 1);
  CHECK(copy.get<std::vector<int>>("list") == std::vector<int>{1, 9});
  CHECK(store.get<std::vector<int>>("list") == std::vector<int>{1, 2});
  CHECK_FALSE(store.contains("new"));

  const auto address = [](const MemoryStore& of) {
    return of.with<std::vector<int>>("list", [](const auto& list) { return list.data(); });
  };
  copy = store;
  CHECK(copy.keys() == store.keys());
  CHECK(address(copy) != address(store));
}

TEST_CASE("a store copied or moved to itself stays as it is") {
  MemoryStore store;
  store.put("k", "text");
  MemoryStore& same = store;
  store = same;
  CHECK(store.get<std::string>("k") == "text");
  store = std::move(same);
  CHECK(store.get<std::string>("k") == "text");
}

TEST_CASE("a store moved from is empty and of use") {
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<MemoryStore>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<MemoryStore>);
  MemoryStore store;
  store.put("k", std::make_unique<int>(5));
  MemoryStore moved = std::move(store);
  CHECK(store.empty());
  CHECK(moved.contains("k"));
  store.put("k", 1);
  store = std::move(moved);
  CHECK(moved.empty());
  CHECK(**store.take<std::unique_ptr<int>>("k") == 5);
}

TEST_CASE("a copy that throws leaves both stores as they were") {
  MemoryStore store;
  store.put("fragile", Fragile{1, std::make_shared<int>(1)});
  MemoryStore other;
  other.put("k", 1);
  CHECK_THROWS_AS(other = store, std::runtime_error);
  CHECK_THROWS_AS(MemoryStore{store}, std::runtime_error);
  CHECK(other.keys() == std::vector<std::string>{"k"});
  CHECK(store.keys() == std::vector<std::string>{"fragile"});
}

TEST_CASE("a move-only value is put, read, changed and taken") {
  MemoryStore store;
  store.put("p", std::make_unique<int>(1));
  using Pointer = std::unique_ptr<int>;
  CHECK(store.with<Pointer>("p", [](const Pointer& p) { return *p; }) == 1);
  store.update<Pointer>("p", [](Pointer& p) { *p = 2; });
  store.update<Pointer>("made", [](Pointer& p) {
    CHECK(p == nullptr);
    p = std::make_unique<int>(3);
  });
  CHECK(*store.take<Pointer>("p").value() == 2);
  CHECK(*store.take<Pointer>("made").value() == 3);
  CHECK(store.take<Pointer>("p") == std::nullopt);
}

TEST_CASE("a callback that throws gives a move-only value back") {
  MemoryStore store;
  using Pointer = std::unique_ptr<int>;
  store.put("p", std::make_unique<int>(1));
  CHECK_THROWS_AS(store.with<Pointer>("p", [](const Pointer&) { throw 1; }), int);
  CHECK_THROWS_AS(store.update<Pointer>("p",
                                        [](Pointer& p) {
                                          *p = 2;
                                          throw 1;
                                        }),
                  int);
  CHECK(*store.take<Pointer>("p").value() == 2);
}

TEST_CASE("a store that holds a move-only value cannot be copied and says which") {
  MemoryStore store;
  store.put("p", std::make_unique<int>(1));
  const auto check = [](const Error& error) {
    CHECK(error.errc() == Errc::Store);
    CHECK(error.message() ==
          "Key 'p' holds std::unique_ptr<int>, which cannot be copied: the store cannot be copied "
          "either");
  };
  check(error_of([&] { MemoryStore copy{store}; }));
  MemoryStore other;
  other.put("k", 1);
  check(error_of([&] { other = store; }));
  CHECK(other.get<int>("k") == 1);

  MemoryStore nested;
  nested.put("p", std::vector<std::unique_ptr<int>>(3));
  CHECK(error_of([&] { MemoryStore copy{nested}; }).errc() == Errc::Store);
}

TEST_CASE("a store can hold stores") {
  MemoryStore store;
  store.put("k", 1);
  store.put("self", store);
  store.put("k", 2);
  CHECK(store.get<MemoryStore>("self").get<int>("k") == 1);
  CHECK(store.with<MemoryStore>("self", [](const MemoryStore& self) { return self.size(); }) == 1);
}

TEST_CASE("a shared value outlives every change of its key and the store itself") {
  using Lines = std::vector<std::string>;
  std::shared_ptr<const Lines> first;
  std::shared_ptr<const Lines> second;
  {
    MemoryStore store;
    store.put("lines", Lines{"one", "two"});
    const Lines* const inside =
        store.with<Lines>("lines", [](const Lines& lines) { return &lines; });
    first = store.share<Lines>("lines");
    CHECK(first.get() == inside);  // no copy
    CHECK(store.share<Lines>("lines").get() == inside);

    store.update<Lines>("lines", [](Lines& lines) { lines[0] = "changed"; });
    CHECK(*first == Lines{"one", "two"});
    second = store.share(cano::Key<Lines>{"lines"});
    store.append("lines", std::string{"three"});
    CHECK(*second == Lines{"changed", "two"});
    CHECK(store.get<Lines>("lines") == Lines{"changed", "two", "three"});
    const auto third = store.share<Lines>("lines");
    CHECK(store.take<Lines>("lines")->size() == 3);
    CHECK(third->size() == 3);
    store.put("lines", 7);
    store.clear();
  }
  CHECK(*first == Lines{"one", "two"});
  CHECK(*second == Lines{"changed", "two"});
}

TEST_CASE("a small value is shared too, and errors are those of get") {
  MemoryStore store;
  store.put("n", 7);
  const auto shared = store.share<int>("n");
  store.put("n", 8);
  CHECK(*shared == 7);
  CHECK_THROWS_AS(store.share<std::string>("n"), cano::Error);
  CHECK_THROWS_AS(store.share<int>("m"), cano::Error);
}

TEST_CASE("the error of an unknown key names the one that was probably meant") {
  MemoryStore store;
  store.put("user_id", 1);
  store.put("order", 2);
  const auto said = [&](auto call) {
    try {
      call();
    } catch (const cano::Error& error) {
      CHECK(error.errc() == cano::Errc::KeyNotFound);
      return error.message();
    }
    return std::string{"nothing"};
  };
  const std::string wanted = "Key 'user_di' not found in store; did you mean 'user_id'?";
  CHECK(said([&] { store.get<int>("user_di"); }) == wanted);
  CHECK(said([&] { store.share<int>("user_di"); }) == wanted);
  CHECK(said([&] { store.with<int>("user_di", [](int) {}); }) == wanted);
  CHECK(said([&] { store.get<int>("price"); }) == "Key 'price' not found in store");
}

TEST_CASE("an error stays on its line whatever the key holds") {
  MemoryStore store;
  try {
    store.get<int>("a\nb\xFF\x1b[31m");
    FAIL("no error");
  } catch (const cano::Error& error) {
    CHECK(error.message() == "Key 'a\\nb\xEF\xBF\xBD\\u{1b}[31m' not found in store");
    CHECK(std::string{error.what()} == "Store error: " + error.message());
  }
}
