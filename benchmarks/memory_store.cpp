// SPDX-License-Identifier: MIT
// What a call of MemoryStore costs, beside a map of std::any under a shared_mutex. Each benchmark
// works on one key among nine, from one, two and four threads that share the store.
#include <any>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <benchmark/benchmark.h>

#include <cano/store/key.hpp>
#include <cano/store/memory_store.hpp>

namespace {

constexpr const char* long_text = "a text that is longer than what a string holds inside itself";

class Baseline {
 public:
  template <class T> T get(const std::string& key) const {
    const std::shared_lock lock{mutex_};
    return std::any_cast<T>(values_.at(key));
  }
  template <class T> void put(const std::string& key, T value) {
    const std::unique_lock lock{mutex_};
    values_[key] = std::move(value);
  }
  template <class T, class F> auto with(const std::string& key, F read) const {
    const std::shared_lock lock{mutex_};
    return read(std::any_cast<const T&>(values_.at(key)));
  }
  template <class T, class F> void update(const std::string& key, F change) {
    const std::unique_lock lock{mutex_};
    change(std::any_cast<T&>(values_.at(key)));
  }

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, std::any> values_;
};

template <class Store> Store& filled_store() {
  static Store store;
  static const bool filled = [] {
    for (int other = 0; other < 6; ++other)
      store.put("other_" + std::to_string(other), other);
    store.put("counter", std::uint64_t{42});
    store.put("name", std::string{"Alice"});
    store.put("text", std::string{long_text});
    return true;
  }();
  benchmark::DoNotOptimize(filled);
  return store;
}

template <class Store> void get_number(benchmark::State& state) {
  Store& store = filled_store<Store>();
  const char* key = "counter";
  for (auto _ : state) {
    benchmark::DoNotOptimize(key);
    benchmark::DoNotOptimize(store.template get<std::uint64_t>(key));
  }
}

template <class Store> void put_number(benchmark::State& state) {
  Store& store = filled_store<Store>();
  const char* key = "counter";
  for (auto _ : state) {
    benchmark::DoNotOptimize(key);
    store.put(key, std::uint64_t{7});
  }
}

template <class Store> void get_short_string(benchmark::State& state) {
  Store& store = filled_store<Store>();
  const char* key = "name";
  for (auto _ : state) {
    benchmark::DoNotOptimize(key);
    benchmark::DoNotOptimize(store.template get<std::string>(key));
  }
}

template <class Store> void get_long_string(benchmark::State& state) {
  Store& store = filled_store<Store>();
  const char* key = "text";
  for (auto _ : state) {
    benchmark::DoNotOptimize(key);
    benchmark::DoNotOptimize(store.template get<std::string>(key));
  }
}

template <class Store> void put_short_string(benchmark::State& state) {
  Store& store = filled_store<Store>();
  const char* key = "name";
  for (auto _ : state) {
    benchmark::DoNotOptimize(key);
    store.put(key, std::string{"Alice"});
  }
}

template <class Store> void with_long_string(benchmark::State& state) {
  Store& store = filled_store<Store>();
  const char* key = "text";
  for (auto _ : state) {
    benchmark::DoNotOptimize(key);
    benchmark::DoNotOptimize(
        store.template with<std::string>(key, [](const std::string& text) { return text.size(); }));
  }
}

template <class Store> void update_number(benchmark::State& state) {
  Store& store = filled_store<Store>();
  const char* key = "counter";
  for (auto _ : state) {
    benchmark::DoNotOptimize(key);
    store.template update<std::uint64_t>(key, [](std::uint64_t& count) { ++count; });
  }
}

constexpr cano::Key<std::uint64_t> counter{"counter"};

void get_typed_key(benchmark::State& state) {
  auto& store = filled_store<cano::MemoryStore>();
  for (auto _ : state)
    benchmark::DoNotOptimize(store.get(counter));
}

void put_typed_key(benchmark::State& state) {
  auto& store = filled_store<cano::MemoryStore>();
  for (auto _ : state)
    store.put(counter, 7);
}

void by_threads(benchmark::internal::Benchmark* of) { of->ThreadRange(1, 4)->UseRealTime(); }

BENCHMARK(get_number<cano::MemoryStore>)->Apply(by_threads);
BENCHMARK(get_number<Baseline>)->Apply(by_threads);
BENCHMARK(put_number<cano::MemoryStore>)->Apply(by_threads);
BENCHMARK(put_number<Baseline>)->Apply(by_threads);
BENCHMARK(get_typed_key)->Apply(by_threads);
BENCHMARK(put_typed_key)->Apply(by_threads);
BENCHMARK(get_short_string<cano::MemoryStore>)->Apply(by_threads);
BENCHMARK(get_short_string<Baseline>)->Apply(by_threads);
BENCHMARK(get_long_string<cano::MemoryStore>)->Apply(by_threads);
BENCHMARK(get_long_string<Baseline>)->Apply(by_threads);
BENCHMARK(put_short_string<cano::MemoryStore>)->Apply(by_threads);
BENCHMARK(put_short_string<Baseline>)->Apply(by_threads);
BENCHMARK(with_long_string<cano::MemoryStore>)->Apply(by_threads);
BENCHMARK(with_long_string<Baseline>)->Apply(by_threads);
BENCHMARK(update_number<cano::MemoryStore>)->Apply(by_threads);
BENCHMARK(update_number<Baseline>)->Apply(by_threads);

}  // namespace

BENCHMARK_MAIN();
