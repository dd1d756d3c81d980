// SPDX-License-Identifier: MIT
// The questions on composites, limits and undoing without a library for them: loops, functions in a
// vector, a mutex, and coroutines of either type that are started at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "peers/measure.hpp"
#include "support/by_hand.hpp"
#include "support/composition_data.hpp"

namespace composition_by_hand {

using composition::branches;
using composition::calls;
using composition::Data;
using composition::items;
using composition::sagas;
using composition::splits;
using composition::steps;

// ---- plain work: an attempt that may throw, and a result for each

using Results = std::vector<std::optional<int>>;

template <class Work> void attempt(std::optional<int>& result, Work work) {
  try {
    result = work();
    measure::keep(&result);
  } catch (const std::runtime_error&) {
  }
}
inline void sum_up(Data& data, const Results& results) {
  for (const auto& result : results)
    data.sum += result.value_or(0);
}

inline void split_plain(Data& data) {
  for (; data.left > 0; --data.left) {
    Results results(branches);
    for (auto& result : results)
      attempt(result, [&] { return data.left; });
    sum_up(data, results);
  }
}
inline void work_on(const std::vector<int>& all, Results& results, std::size_t first,
                    std::size_t end) {
  for (std::size_t i = first; i < end; ++i)
    attempt(results[i], [&] { return all[i] * 2; });
}
inline void items_here(Data& data) {
  const std::vector<int> all = data.items;
  Results results(all.size());
  work_on(all, results, 0, all.size());
  sum_up(data, results);
}
inline void items_on_two_threads(Data& data) {
  const std::vector<int> all = data.items;
  Results results(all.size());
  std::thread other{[&] { work_on(all, results, 0, all.size() / 2); }};
  work_on(all, results, all.size() / 2, all.size());
  other.join();
  sum_up(data, results);
}

// ---- a token bucket and a breaker, with a mutex

class Bucket {
 public:
  bool try_take() {
    const std::lock_guard lock{mutex_};
    const auto now = std::chrono::steady_clock::now();
    const double more = std::chrono::duration<double>(now - last_).count() * rate;
    last_ = now;
    free_ = std::min(free_ + more, rate);
    if (free_ < 1) return false;
    free_ -= 1;
    return true;
  }

 private:
  static constexpr double rate = 1e9;
  std::mutex mutex_;
  double free_ = rate;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

class Breaker {
 public:
  bool begin() {
    const std::lock_guard lock{mutex_};
    return failures_ < 5;
  }
  void succeeded() {
    const std::lock_guard lock{mutex_};
    failures_ = 0;
  }

 private:
  std::mutex mutex_;
  int failures_ = 0;
};

inline void time_plain(measure::Results& results) {
  const auto time = [&](const char* name, int count, int threads, auto work) {
    results.time(name, count, threads, [&] {
      Data data;
      measure::keep(&data);
      work(data);
      measure::keep(data.sum);
    });
  };
  time("plain_branch_ns", branches * splits, 1, split_plain);
  time("plain_item_ns", items, 1, items_here);
  time("shard_item_ns", items, 2, items_on_two_threads);
  time("plain_undo_ns", steps * sagas, 1, [](Data& data) {
    for (int i = 0; i < sagas; ++i)
      composition::saga_by_hand(data);
  });
  Bucket bucket;
  results.time("try_limit_ns", calls, 1, [&] {
    for (int i = 0; i < calls; ++i)
      measure::keep(bucket.try_take());
  });
  Breaker breaker;
  results.time("breaker_ns", calls, 1, [&] {
    for (int i = 0; i < calls; ++i) {
      measure::keep(breaker.begin());
      breaker.succeeded();
    }
  });
}

// ---- coroutines

template <template <class> class Coroutine> Coroutine<int> value_of(const int& number) {
  co_return number;
}
template <template <class> class Coroutine> Coroutine<bool> take(Bucket& bucket) {
  co_return bucket.try_take();
}
template <template <class> class Coroutine> Coroutine<void> take_often(Bucket& bucket) {
  for (int i = 0; i < calls; ++i)
    measure::keep(co_await take<Coroutine>(bucket));
}
template <template <class> class Coroutine> Coroutine<void> items_awaited(Data& data) {
  const std::vector<int> all = data.items;
  Results results(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    try {
      results[i] = 2 * co_await value_of<Coroutine>(all[i]);
    } catch (const std::runtime_error&) {
    }
  }
  sum_up(data, results);
}
template <template <class> class Coroutine> Coroutine<void> undo_step(Data& data) {
  ++data.sum;
  co_return;
}
template <template <class> class Coroutine> Coroutine<void> do_step(Data& data) {
  --data.left;
  co_return;
}
template <template <class> class Coroutine> Coroutine<void> sagas_awaited(Data& data) {
  using Undo = std::function<Coroutine<void>(Data&)>;
  for (int i = 0; i < sagas; ++i) {
    std::vector<Undo> undos;
    data.left = steps;
    while (data.left > 0) {
      co_await do_step<Coroutine>(data);
      undos.emplace_back(undo_step<Coroutine>);
    }
    bool has_failed = false;
    try {
      throw std::runtime_error{"no seat"};
    } catch (const std::runtime_error&) {
      has_failed = true;
    }
    for (; has_failed && !undos.empty(); undos.pop_back()) {
      auto work = undos.back()(data);
      co_await std::move(work);
    }
  }
}

/// `Split(data)` is a coroutine that visits the split so often as the data says.
template <template <class> class Coroutine, class Split>
void time_coroutines(measure::Results& results, Split split) {
  const auto time = [&](const char* name, int count, auto work) {
    results.time(name, count, 1, [&] {
      Data data;
      by_hand::run(work(data));
      measure::keep(data.sum);
    });
  };
  time("async_branch_ns", branches * splits, split);
  time("async_item_ns", items, items_awaited<Coroutine>);
  time("async_undo_ns", steps * sagas, sagas_awaited<Coroutine>);
  Bucket bucket;
  results.time("limit_ns", calls, 1, [&] { by_hand::run(take_often<Coroutine>(bucket)); });
}

}  // namespace composition_by_hand
