// SPDX-License-Identifier: MIT
// The questions of README.md answered without a library: a loop over virtual calls, Asio coroutines
// with a switch, spawned by hand on two threads with an io_context each, and a map under a mutex.
// How long a run took is reported where cano reports it too.
#include <algorithm>
#include <any>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "peers/composition_by_hand.hpp"
#include "peers/failing.hpp"
#include "peers/measure.hpp"
#include "peers/time_store.hpp"
#include "support/count.hpp"

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr int instances = 200'000;
constexpr int waiting = 500'000;

template <class T> using Awaitable = asio::awaitable<T>;
using countdown::Count;
using countdown::hops;
using countdown::next;
using countdown::Step;

// Outside of the unnamed namespace, and each with a second class that is never called, so that the
// compiler cannot know which function a call means.
struct Task {
  virtual ~Task() = default;
  virtual Step run(Count& count) const = 0;
};
template <int Number> struct HopTask : Task {
  explicit HopTask(Step to) : other{to} {}
  Step run(Count& count) const override { return next(count, other); }
  Step other;
};

struct Node {
  virtual ~Node() = default;
  virtual int prep(Count& count) const = 0;
  virtual int exec(int left) const = 0;
  virtual Step post(Count& count, int left) const = 0;
};
template <int Number> struct PlainNode : Node {
  explicit PlainNode(Step to) : other{to} {}
  int prep(Count& count) const override { return count.left; }
  int exec(int left) const override { return left - 1; }
  Step post(Count& count, int left) const override {
    count.left = left;
    return left > 0 ? other : Step::Done;
  }
  Step other;
};

namespace {

using failing::Clock;
using failing::Ended;
using failing::fail_often;
using failing::FailingTask;
using failing::FallibleTask;
using failing::ThrowingTask;

measure::Results results{"hand_written"};

using Tasks = std::array<std::unique_ptr<Task>, 3>;

Tasks make_tasks() {
  return {std::make_unique<HopTask<0>>(Step::B), std::make_unique<HopTask<0>>(Step::A),
          std::make_unique<HopTask<1>>(Step::A)};
}

Step loop_over(const Tasks& tasks, Count& count) {
  Step at = Step::A;
  while (at != Step::Done)
    at = tasks[static_cast<std::size_t>(at)]->run(count);
  return at;
}

void run_hops() {
  const Tasks tasks = make_tasks();
  Count count{hops};
  measure::keep(&count);
  measure::keep(loop_over(tasks, count));
}

void run_nodes() {
  const std::array<std::unique_ptr<Node>, 3> nodes{std::make_unique<PlainNode<0>>(Step::B),
                                                   std::make_unique<PlainNode<0>>(Step::A),
                                                   std::make_unique<PlainNode<1>>(Step::A)};
  Count count{hops};
  measure::keep(&count);
  Step at = Step::A;
  while (at != Step::Done) {
    const Node& node = *nodes[static_cast<std::size_t>(at)];
    at = node.post(count, node.exec(node.prep(count)));
  }
  measure::keep(at);
}

template <class Task> void run_failures() {
  const std::unique_ptr<FallibleTask> task = std::make_unique<Task>();
  asio::io_context context{1};
  Count count{0};
  asio::co_spawn(context, fail_often<Awaitable>(*task, count), asio::detached);
  context.run();
}

asio::awaitable<Step> hop(Count& count, Step other) { co_return next(count, other); }

asio::awaitable<int> prep(Count& count) { co_return count.left; }
asio::awaitable<int> exec(int left) { co_return left - 1; }
asio::awaitable<Step> post(Count& count, int left, Step other) {
  count.left = left;
  co_return left > 0 ? other : Step::Done;
}
asio::awaitable<Step> visit_node(Count& count, Step other) {
  const int prepared = co_await prep(count);
  const int executed = co_await exec(prepared);
  co_return co_await post(count, executed, other);
}

asio::awaitable<Step> yield_and_hop(Count& count, Step other) {
  co_await asio::post(co_await asio::this_coro::executor, asio::deferred);
  co_return next(count, other);
}

double resident_before = 0;
std::atomic<int> asleep{0};

const char* memory_question = "waiting_instance_bytes";

asio::awaitable<Step> sleep_long(Count&, Step other) {
  if (++asleep == waiting) {
    results.add(memory_question, (measure::resident_bytes() - resident_before) / waiting);
    results.print();
    std::_Exit(EXIT_SUCCESS);
  }
  asio::steady_timer timer{co_await asio::this_coro::executor, 1h};
  co_await timer.async_wait(asio::deferred);
  co_return other;
}

template <auto Work> asio::awaitable<void> switch_over(Count& count, Step& result) {
  Step at = Step::A;
  for (;;) {
    switch (at) {
      case Step::A:
        at = co_await Work(count, Step::B);
        break;
      case Step::B:
        at = co_await Work(count, Step::A);
        break;
      case Step::Done:
        result = at;
        co_return;
    }
  }
}

template <auto Work> void run_alone() {
  asio::io_context context{1};
  Count count{hops};
  Step result{};
  asio::co_spawn(context, switch_over<Work>(count, result), asio::detached);
  context.run();
  measure::keep(result);
}

// Half of the stores on each of two threads.
template <class RunHalf> void run_halves(std::size_t count, RunHalf run_half) {
  std::thread other{run_half, count / 2, count};
  run_half(0, count / 2);
  other.join();
}

struct Detached {
  auto operator()(std::size_t) const { return asio::detached; }
};

template <auto Work, class TokenOf = Detached>
void run_batch(std::vector<Count>& stores, std::vector<Step>& ends, TokenOf token_of = {}) {
  run_halves(stores.size(), [&](std::size_t first, std::size_t end) {
    asio::io_context context{1};
    for (std::size_t i = first; i < end; ++i)
      asio::co_spawn(context, switch_over<Work>(stores[i], ends[i]), token_of(i));
    context.run();
  });
}

void time_plain_batch() {
  const Tasks tasks = make_tasks();
  std::vector<Count> stores(instances);
  results.time("plain_instance_ns", instances, 2, [&] {
    stores.assign(instances, Count{10});
    std::vector<Ended> ends(instances);
    run_halves(instances, [&](std::size_t first, std::size_t end) {
      Clock::time_point now = Clock::now();
      for (std::size_t i = first; i < end; ++i) {
        const Clock::time_point started = now;
        ends[i].how = loop_over(tasks, stores[i]);
        now = Clock::now();
        ends[i].elapsed = now - started;
      }
    });
    measure::keep(ends.data());
  });
}

template <auto Work> void time_batch(const char* name) {
  std::vector<Count> stores(instances);
  std::vector<Step> ends(instances);
  results.time(name, instances, 2, [&] {
    stores.assign(instances, Count{10});
    run_batch<Work>(stores, ends);
    measure::keep(ends.data());
  });
}

// Ten coroutines at once, and a timer that the last one to end lets go.
asio::awaitable<void> split_awaited(composition_by_hand::Data& data) {
  using namespace composition_by_hand;
  const auto executor = co_await asio::this_coro::executor;
  for (; data.left > 0; --data.left) {
    Results values(branches);
    asio::steady_timer done{executor, asio::steady_timer::time_point::max()};
    std::size_t left = branches;
    for (auto& result : values) {
      asio::co_spawn(executor, value_of<Awaitable>(data.left),
                     [&](const std::exception_ptr& thrown, int value) {
                       if (!thrown) result = value;
                       if (--left == 0) done.expires_at(asio::steady_timer::time_point::min());
                     });
    }
    co_await done.async_wait(asio::as_tuple(asio::deferred));
    sum_up(data, values);
  }
}

struct HashText : std::hash<std::string_view> {
  using is_transparent = void;
};

class Store {
 public:
  template <class T> T get(std::string_view key) const {
    const std::lock_guard lock{mutex_};
    return std::any_cast<const T&>(values_.find(key)->second);
  }
  template <class T> void put(std::string_view key, T value) {
    const std::lock_guard lock{mutex_};
    const auto known = values_.find(key);
    if (known != values_.end()) {
      known->second = std::move(value);
    } else {
      values_.emplace(key, std::move(value));
    }
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::any, HashText, std::equal_to<>> values_;
};

// It ends the process as soon as all of them wait.
int wait_forever(bool cancellable) {
  std::vector<Count> stores(waiting, Count{10});
  std::vector<Step> ends(waiting);
  resident_before = measure::resident_bytes();
  if (cancellable) {
    memory_question = "cancellable_instance_bytes";
    std::vector<asio::cancellation_signal> signals(waiting);
    run_batch<sleep_long>(stores, ends, [&](std::size_t i) {
      return asio::bind_cancellation_slot(signals[i].slot(), asio::detached);
    });
  } else {
    run_batch<sleep_long>(stores, ends);
  }
  return EXIT_FAILURE;
}

}  // namespace

// With an argument: the memory alone, since memory that was used before would not count.
int main(int argc, char** argv) {
  if (argc > 1) return wait_forever(std::string_view{argv[1]} == "cancellable");
  results.time("plain_hop_ns", hops, 1, run_hops);
  results.time("awaitable_hop_ns", hops, 1, run_alone<hop>);
  results.time("plain_node_ns", hops, 1, run_nodes);
  results.time("awaitable_node_ns", hops, 1, run_alone<visit_node>);
  results.time("failing_result_ns", hops, 1, run_failures<FailingTask<0>>);
  results.time("failing_throw_ns", hops, 1, run_failures<ThrowingTask<0>>);
  time_plain_batch();
  time_batch<hop>("awaitable_instance_ns");
  time_batch<yield_and_hop>("yielding_instance_ns");
  composition_by_hand::time_plain(results);
  composition_by_hand::time_coroutines<Awaitable>(results, split_awaited);
  time_store<Store>(results);

  results.print();
}
