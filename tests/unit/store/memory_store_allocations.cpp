// SPDX-License-Identifier: MIT
// Counts what the calls of a store allocate; a program of its own, since it replaces operator new.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#include <cano/store/key.hpp>
#include <cano/store/memory_store.hpp>

#include "support/catch.hpp"

namespace {

thread_local int allocations = 0;

template <class Call> int allocated_by(Call call) {
  const int before = allocations;
  call();
  return allocations - before;
}

constexpr std::string_view long_key =
    "a key that is much longer than what a string holds in itself";
constexpr cano::Key<std::uint64_t> typed{"a typed key that is longer than what a string holds"};

}  // namespace

// Not inlined: g++ would take free() and what new returns for a pair that does not match.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* memory = ::operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

TEST_CASE("the counter counts") {
  CHECK(allocated_by([] { ::operator delete(::operator new(1)); }) == 1);
}

TEST_CASE("to look a key up allocates nothing") {
  cano::MemoryStore store;
  store.put(long_key, std::uint64_t{1});
  store.put(typed, 1);
  store.put("text", std::string(100, 'x'));
  std::uint64_t sum = 0;
  CHECK(allocated_by([&] {
          sum += store.get<std::uint64_t>(long_key);
          sum += store.get(typed);
          sum +=
              store.find<std::uint64_t>("absent key that is longer than a short string is") ? 1 : 0;
          sum += store.get_or(long_key, std::uint64_t{0});
          sum += store.contains(long_key) ? 1 : 0;
          sum +=
              store.with<std::string>("text", [](const std::string& text) { return text.size(); });
          sum += store.size();
        }) == 0);
  CHECK(sum == 1 + 1 + 0 + 1 + 1 + 100 + 3);
}

TEST_CASE("to overwrite or update a small value allocates nothing, a larger one once") {
  cano::MemoryStore store;
  store.put(long_key, std::uint64_t{1});
  store.put("text", "short");
  CHECK(allocated_by([&] {
          store.put(long_key, std::uint64_t{2});
          store.update<std::uint64_t>(long_key, [](std::uint64_t& number) { ++number; });
        }) == 0);
  CHECK(allocated_by([&] { store.put("text", std::string{"other"}); }) == 1);
  CHECK(allocated_by([&] { store.update<std::string>("text", [](auto& text) { text = "x"; }); }) ==
        1);
}

TEST_CASE("to take or remove a value allocates nothing") {
  cano::MemoryStore store;
  store.put(long_key, std::string(100, 'x'));
  store.put("number", 1);
  store.put("removed", std::string(100, 'x'));
  CHECK(allocated_by([&] {
          static_cast<void>(store.take<std::string>(long_key));
          static_cast<void>(store.take<int>("number"));
          static_cast<void>(store.remove("removed"));
        }) == 0);
}
