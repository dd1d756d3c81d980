// SPDX-License-Identifier: MIT
// One store, several threads. What a race breaks, ThreadSanitizer sees too.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <cano/error.hpp>
#include <cano/store/memory_store.hpp>

#include "support/catch.hpp"

using cano::Errc;
using cano::Error;
using cano::MemoryStore;

namespace {

constexpr int thread_count = 8;

// Runs work(0), work(1), ... each in a thread of its own.
template <class Work> void in_threads(int count, Work work) {
  std::vector<std::jthread> threads;
  for (int index = 0; index < count; ++index)
    threads.emplace_back([&work, index] { work(index); });
}

// A value that shows when it is half written.
template <std::size_t Words> struct Uniform {
  std::array<std::uint64_t, Words> words{};
  explicit Uniform(std::uint64_t value) { words.fill(value); }
  bool is_whole() const {
    return std::all_of(words.begin(), words.end(), [&](auto word) { return word == words[0]; });
  }
};

template <class Value> bool stays_whole() {
  MemoryStore store;
  store.put("k", Value{0});
  std::atomic<bool> whole = true;
  in_threads(4, [&](int index) {
    for (std::uint64_t turn = 0; turn < 3000; ++turn) {
      if (index < 2) {
        store.put("k", Value{turn});
      } else if (!store.get<Value>("k").is_whole() ||
                 !store.with<Value>("k", [](const Value& value) { return value.is_whole(); })) {
        whole = false;
      }
    }
  });
  return whole;
}

// Lets a thread wait until another has come to some point.
class Signal {
 public:
  void set() {
    set_ = true;
    set_.notify_all();
  }
  void wait() { set_.wait(false); }

 private:
  std::atomic<bool> set_{false};
};

// What a random call of a thread that shares its store came to.
void random_call(MemoryStore& store, std::minstd_rand& random) {
  const std::string key = "key_" + std::to_string(random() % 5);
  switch (random() % 14) {
    case 0:
      return store.put(key, static_cast<int>(random()));
    case 1:
      return store.put(key, std::string(random() % 50, 'x'));
    case 2:
      return store.put(key, std::make_unique<int>(1));
    case 3:
      return store.append(key, 1);
    case 4:
      return store.update<int>(key, [](int& number) { number /= 2; });
    case 5:
      return store.update<std::unique_ptr<int>>(key, [](auto& pointer) { pointer.reset(); });
    case 6:
      return static_cast<void>(store.find<std::string>(key));
    case 7:
      return static_cast<void>(store.take<std::vector<int>>(key));
    case 8:
      return store.with<std::unique_ptr<int>>(key, [](const auto&) {});
    case 9:
      return static_cast<void>(store.remove(key));
    case 10:
      return static_cast<void>(store.keys());
    case 11:
      return static_cast<void>(store.to_json());
    case 12:
      return static_cast<void>(MemoryStore{store});
    default:
      return random() % 20 == 0 ? store.clear() : static_cast<void>(store.contains(key));
  }
}

}  // namespace

TEST_CASE("updates, appends and takes from many threads lose nothing") {
  constexpr int turns = 1000;
  MemoryStore store;
  std::atomic<int> taken = 0;
  in_threads(thread_count, [&](int) {
    for (int turn = 0; turn < turns; ++turn) {
      store.update<int>("count", [](int& count) { ++count; });
      store.update<std::string>("text", [](std::string& text) { text.push_back('x'); });
      store.update<std::unique_ptr<int>>("pointer", [](std::unique_ptr<int>& pointer) {
        if (!pointer) pointer = std::make_unique<int>(0);
        ++*pointer;
      });
      store.append("list", turn);
      store.append("drained", turn);
      if (turn % 16 == 0) {
        if (const auto drained = store.take<std::vector<int>>("drained"))
          taken += static_cast<int>(drained->size());
      }
    }
  });
  CHECK(store.get<int>("count") == thread_count * turns);
  CHECK(store.get<std::string>("text").size() == thread_count * turns);
  CHECK(*store.take<std::unique_ptr<int>>("pointer").value() == thread_count * turns);
  CHECK(store.get<std::vector<int>>("list").size() == thread_count * turns);
  const auto left = store.take<std::vector<int>>("drained").value_or(std::vector<int>{});
  CHECK(taken + static_cast<int>(left.size()) == thread_count * turns);
}

TEST_CASE("readers see every appended item, in order, whatever they hold on to") {
  constexpr int items = 2000;
  MemoryStore store;
  store.put("list", std::vector<int>{});
  std::atomic<bool> ordered = true;
  in_threads(3, [&](int index) {
    std::size_t seen = 0;
    for (int turn = 0; turn < items; ++turn) {
      if (index == 0) {
        store.append("list", turn);
        continue;
      }
      store.with<std::vector<int>>("list", [&](const std::vector<int>& list) {
        if (list.size() < seen) ordered = false;
        seen = list.size();
        for (std::size_t at = 0; at < seen; ++at) {
          if (list[at] != static_cast<int>(at)) ordered = false;
        }
      });
    }
  });
  CHECK(ordered);
  CHECK(store.get<std::vector<int>>("list").size() == items);
}

TEST_CASE("a value is never seen half written") {
  CHECK(stays_whole<Uniform<1>>());
  CHECK(stays_whole<Uniform<2>>());
  CHECK(stays_whole<Uniform<64>>());
}

TEST_CASE("a text is never seen half written, whether a string keeps it in itself or not") {
  const std::array texts{std::string(1, 'a'), std::string(15, 'b'), std::string(16, 'c'),
                         std::string(22, 'd'), std::string(60, 'e')};
  MemoryStore store;
  store.put("k", texts[0]);
  std::atomic<bool> whole = true;
  in_threads(4, [&](int index) {
    for (std::size_t turn = 0; turn < 3000; ++turn) {
      if (index < 2) {
        store.put("k", texts[turn % texts.size()]);
      } else if (std::count(texts.begin(), texts.end(), store.get<std::string>("k")) != 1) {
        whole = false;
      }
    }
  });
  CHECK(whole);
}

TEST_CASE("random calls from many threads throw only the errors of a store") {
  MemoryStore store;
  std::atomic<int> unexpected = 0;
  in_threads(thread_count, [&](int index) {
    std::minstd_rand random{static_cast<unsigned>(index) + 1};
    for (int turn = 0; turn < 2000; ++turn) {
      try {
        random_call(store, random);
      } catch (const Error& error) {
        const bool expected =
            error.errc() == Errc::KeyNotFound || error.errc() == Errc::TypeMismatch ||
            error.errc() == Errc::AppendTypeMismatch || error.errc() == Errc::Store;
        if (!expected) ++unexpected;
      }
    }
  });
  CHECK(unexpected == 0);
}

TEST_CASE("each instance's own store needs no other thread's help") {
  in_threads(thread_count, [](int index) {
    MemoryStore store;
    for (int turn = 0; turn < 500; ++turn)
      store.put("k" + std::to_string(turn), index);
    MemoryStore copy = store;
    store.clear();
    for (int turn = 0; turn < 500; ++turn) {
      if (copy.get<int>("k" + std::to_string(turn)) != index) std::terminate();
    }
  });
}

TEST_CASE("a take waits for an update that is under way, a put does not") {
  MemoryStore store;
  store.put("taken", 1);
  store.put("put", 1);
  Signal updating;
  Signal put_done;
  int read = 0;
  int taken = 0;
  in_threads(2, [&](int index) {
    if (index == 0) {
      store.update<int>("put", [&](int& other) {
        store.update<int>("taken", [&](int& value) {
          updating.set();
          put_done.wait();
          value = 2;
        });
        other = 2;
      });
    } else {
      updating.wait();
      store.put("put", 5);
      read = store.get<int>("taken");
      put_done.set();
      taken = store.take<int>("taken").value();
    }
  });
  CHECK(read == 1);
  CHECK(taken == 2);
  CHECK(store.get<int>("put") == 5);
}

TEST_CASE("readers of a lent value wait until it is back") {
  using Pointer = std::unique_ptr<int>;
  MemoryStore store;
  store.put("k", std::make_unique<int>(1));
  Signal lent;
  std::atomic<int> reading = 0;
  std::array<int, 3> read{};
  in_threads(4, [&](int index) {
    if (index == 3) {
      store.update<Pointer>("k", [&](Pointer& pointer) {
        lent.set();
        while (reading < 3)
          std::this_thread::yield();
        for (int turn = 0; turn < 100; ++turn)
          std::this_thread::yield();  // long enough for the others to fall asleep, as a rule
        *pointer = 2;
      });
    } else {
      lent.wait();
      ++reading;
      if (index == 0) {
        read[0] = store.with<Pointer>("k", [](const Pointer& pointer) { return *pointer; });
      } else if (index == 1) {
        store.update<Pointer>("k", [&](Pointer& pointer) { read[1] = *pointer; });
      } else {
        static_cast<void>(store.to_json());
        read[2] = 2;
      }
    }
  });
  CHECK(read == std::array<int, 3>{2, 2, 2});
}

TEST_CASE("changes nested in opposite order end with an error, not with two stuck threads") {
  const bool two_stores = GENERATE(false, true);
  MemoryStore first;
  MemoryStore other;
  MemoryStore& second = two_stores ? other : first;
  std::array<Signal, 2> inside;
  std::atomic<int> failed = 0;
  std::string message;
  in_threads(2, [&](int index) {
    MemoryStore& outer = index == 0 ? first : second;
    MemoryStore& inner = index == 0 ? second : first;
    const char* keys[] = {"a", "b"};
    const auto at = static_cast<std::size_t>(index);
    try {
      outer.update<int>(keys[at], [&](int& value) {
        ++value;
        inside[at].set();
        inside[1 - at].wait();
        inner.update<int>(keys[1 - at], [](int& nested) { ++nested; });
      });
    } catch (const Error& error) {
      if (error.errc() == Errc::Store) message = error.message();
      ++failed;
    }
  });
  REQUIRE(failed == 1);
  const std::string reason =
      " is being changed by a thread that waits for this one: nested changes took their keys in "
      "different orders";
  CHECK((message == "Key 'a'" + reason || message == "Key 'b'" + reason));
  // The other one did both.
  CHECK(first.get_or("a", 0) + second.get_or("b", 0) == 2);
  first.update<int>("a", [](int&) {});
  second.update<int>("b", [](int&) {});
}
