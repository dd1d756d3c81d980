// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cano/async/detail/loop.hpp>
#include <cano/duration.hpp>

#include "support/async_chains.hpp"
#include "support/catch.hpp"
#include "support/races.hpp"

using cano::detail::Loop;
using cano::detail::LoopMember;
using cano::detail::mark_serial;
using cano::detail::Sleeper;
using cano::detail::Waiter;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

class CallingWaiter final : public Waiter {
 public:
  explicit CallingWaiter(std::function<void()> call = {}) : function{std::move(call)} {}
  void wake() override {
    ++wakes;
    if (function) function();
  }
  void drop() noexcept override { ++drops; }

  std::function<void()> function;
  int wakes = 0;
  int drops = 0;
};

class CallingSleeper final : public Sleeper {
 public:
  CallingSleeper(Loop& loop, cano::Duration duration) : loop_{&loop} {
    deadline = loop.now() + duration;
    loop.add(*this);
  }
  ~CallingSleeper() { loop_->remove(*this); }
  void wake() override { ++wakes; }
  void drop() noexcept override { ++drops; }
  void expire() override { loop_->push(*this); }

  int wakes = 0;
  int drops = 0;

 private:
  Loop* loop_;
};

class CountingMember final : public LoopMember {
 public:
  explicit CountingMember(Loop& loop) : loop_{&loop} { loop.join(*this); }
  ~CountingMember() { leave(); }
  void drop_work() noexcept override { ++drops; }
  void cancel_work() noexcept override {
    ++cancellations;
    if (on_cancel) on_cancel();
  }
  void leave() {
    if (loop_ != nullptr) std::exchange(loop_, nullptr)->leave(*this);
  }

  std::function<void()> on_cancel;
  int drops = 0;
  int cancellations = 0;

 private:
  Loop* loop_;
};

// A loop that the test is on.
struct LoopHere {
  explicit LoopHere(Place place) : context{place}, loop{Loop::of(context.executor())} {}
  PlacedContext context;
  Loop::Pointer loop;
};

}  // namespace

TEST_CASE("what yields in a round waits for the next one, behind what is ready") {
  LoopHere here{any_place()};
  std::string text;
  CallingWaiter first;
  CallingWaiter second;
  int left = 3;
  first.function = [&] {
    text += 'a';
    if (--left > 0) {
      here.loop->push(first);
      asio::post(here.loop->executor(), [&] { text += '-'; });
    }
  };
  second.function = [&] {
    text += 'b';
    if (left > 0) here.loop->push(second);
  };
  here.loop->push(first);
  here.loop->push(second);
  here.context.run();
  CHECK(text == "ab-ab-ab");
}

TEST_CASE("a round ends, also when its last waiter is destroyed in it") {
  LoopHere here{any_place()};
  int at = 0;
  auto last = std::make_unique<CallingWaiter>();
  CallingWaiter first;
  first.function = [&] {
    last.reset();
    if (first.wakes < 100) here.loop->push(first);
  };
  here.loop->push(first);
  here.loop->push(*last);
  asio::post(here.loop->executor(), [&] { at = first.wakes; });
  here.context.run();
  CHECK(at == 1);
  CHECK(first.wakes == 100);
}

TEST_CASE("an exception out of a waiter leaves the others queued, in their order") {
  LoopHere here{any_place()};
  std::string text;
  CallingWaiter a{[&] { text += 'a'; }};
  CallingWaiter thrower{[&] {
    here.loop->push(a);
    throw std::runtime_error{"waiter"};
  }};
  CallingWaiter b{[&] { text += 'b'; }};
  CallingWaiter c{[&] { text += 'c'; }};
  here.loop->push(thrower);
  here.loop->push(b);
  here.loop->push(c);
  CHECK_THROWS_AS(here.context.run(), std::runtime_error);
  CHECK(text.empty());
  here.context.run();
  CHECK(text == "bca");
}

TEST_CASE("cancelling all work may end any of it") {
  LoopHere here{any_place()};
  std::vector<std::unique_ptr<CountingMember>> members;
  for (int i = 0; i < 3; ++i)
    members.push_back(std::make_unique<CountingMember>(*here.loop));
  // Those that came last are asked first.
  const auto asked = GENERATE(range<std::size_t>(0, 3));
  const auto ended = GENERATE(range<std::size_t>(0, 3));
  bool was_cancelled = false;
  members[asked]->on_cancel = [&] {
    was_cancelled = true;
    if (asked == ended) {
      members[ended]->leave();
    } else {
      members[ended].reset();
    }
  };
  here.loop->stop();
  CHECK(was_cancelled);
  for (const auto& member : members)
    if (member) CHECK(member->cancellations == 1);
}

TEST_CASE("work that joins a loop that is stopping is cancelled too") {
  LoopHere here{any_place()};
  CHECK_FALSE(here.loop->is_stopping());
  const CountingMember before{*here.loop};
  here.loop->stop();
  CHECK(here.loop->is_stopping());
  const CountingMember after{*here.loop};
  CHECK(before.cancellations == 1);
  CHECK(after.cancellations == 1);
  CHECK(here.loop->members() == 2);
}

TEST_CASE("work keeps its context at work, and only as long as it is under way") {
  LoopHere here{any_place()};
  std::string text;
  std::optional<CountingMember> first{*here.loop};
  std::optional<CountingMember> second{*here.loop};
  std::thread other{[&] {
    std::this_thread::sleep_for(200us);
    asio::post(here.loop->executor(), [&] {
      text += '1';
      first.reset();
    });
    std::this_thread::sleep_for(200us);
    asio::post(here.loop->executor(), [&] {
      text += '2';
      second.reset();
    });
  }};
  here.context.run();
  CHECK(text == "12");
  other.join();
  here.context.run();  // returns: nothing is under way
}

TEST_CASE("a loop reports when no work is under way any more") {
  LoopHere here{any_place()};
  int calls = 0;
  here.loop->when_idle([&] { ++calls; });
  CHECK(calls == 1);
  {
    CountingMember first{*here.loop};
    const CountingMember second{*here.loop};
    here.loop->when_idle([&] { ++calls; });
    first.leave();
    first.leave();  // it has left already
    CHECK(calls == 1);
  }
  CHECK(calls == 2);
  static_cast<void>(CountingMember{*here.loop});
  CHECK(calls == 2);
}

TEST_CASE("which loop an executor has") {
  struct Case {
    Place place;
    bool is_shared;
  };
  const auto [place, is_shared] = GENERATE(values<Case>({{Place::Context, false},
                                                         {Place::SerialContext, true},
                                                         {Place::Strand, false},
                                                         {Place::StrandOfSerialContext, false}}));
  PlacedContext context{place};
  CAPTURE(place);
  const auto first = Loop::of(context.executor());
  const auto second = Loop::of(context.executor());
  CHECK((first == second) == is_shared);
  CHECK(first->base_executor() == context.executor());
  const bool is_serial = place == Place::SerialContext || place == Place::StrandOfSerialContext;
  CHECK(cano::detail::is_serial(context.executor()) == is_serial);
  CHECK(&first->context() == &context.context());
  CHECK_FALSE(first->runs_here());
}

TEST_CASE("a thread is on the loop whose handler it runs, or says so") {
  PlacedContext context{Place::SerialContext};
  const auto main = Loop::of(context.executor());
  const auto strand = Loop::of(asio::make_strand(context.context()));
  const auto other = Loop::of(asio::make_strand(context.context()));
  {
    const Loop::Here here{*main};
    CHECK(main->runs_here());
    CHECK(strand->runs_here());
    {
      const Loop::Here inner{*strand};
      CHECK(strand->runs_here());
      CHECK_FALSE(other->runs_here());
    }
    CHECK(main->runs_here());
  }
  CHECK_FALSE(main->runs_here());
  CHECK_FALSE(strand->runs_here());
  bool was_here = false;
  CallingWaiter waiter{[&] { was_here = main->runs_here(); }};
  main->push(waiter);
  context.run();
  CHECK(was_here);
}

namespace {

// What `Loop::post` is given.
struct PostedCalls {
  std::atomic<int> made = 0;
  std::atomic<int> dropped = 0;
  int unguarded = 0;  // by the loop alone

  static void call(void* object, bool runs) {
    auto& calls = *static_cast<PostedCalls*>(object);
    if (runs) {
      ++calls.made;
      ++calls.unguarded;
    } else {
      ++calls.dropped;
    }
  }
};

}  // namespace

TEST_CASE("any thread may post to a loop, whose handlers run one at a time") {
  constexpr int threads = 3;
  constexpr int posts = 300;
  asio::thread_pool pool{2};
  const auto loop = Loop::of(pool.get_executor());
  PostedCalls calls;
  std::atomic<int> accepted = 0;
  std::vector<std::thread> posting;
  for (int i = 0; i < threads; ++i) {
    posting.emplace_back([&] {
      for (int post = 0; post < posts; ++post)
        if (loop->post(&calls, &PostedCalls::call)) ++accepted;
    });
  }
  for (std::thread& thread : posting)
    thread.join();
  pool.join();
  CHECK(accepted == threads * posts);
  CHECK(calls.made == threads * posts);
  CHECK(calls.unguarded == threads * posts);
  CHECK(calls.dropped == 0);
}

TEST_CASE("what is posted is called once, also when the context goes") {
  LoopHere here{any_place()};
  PostedCalls calls;
  int functions = 0;
  CHECK(here.loop->post(&calls, &PostedCalls::call));
  here.loop->post_function([&] { ++functions; });
  here.context.settle();
  CHECK(calls.made == 1);
  CHECK(functions == 1);
  CHECK(here.loop->post(&calls, &PostedCalls::call));
  here.loop->post_function([&] { ++functions; });
  here.context.destroy();
  CHECK(calls.dropped == 1);
  CHECK_FALSE(here.loop->post(&calls, &PostedCalls::call));
  here.loop->post_function([&] { ++functions; });
  CHECK(calls.made == 1);
  CHECK(calls.dropped == 1);
  CHECK(functions == 1);
  CHECK_FALSE(here.loop->runs_here());
}

TEST_CASE("a context that goes drops work, then what is ready, then sleepers") {
  LoopHere here{any_place()};
  CountingMember first{*here.loop};
  CountingMember second{*here.loop};
  CallingWaiter ready;
  CallingSleeper asleep{*here.loop, 1h};
  here.loop->push(ready);
  here.context.destroy();
  CHECK(first.drops == 1);
  CHECK(second.drops == 1);
  CHECK(ready.drops == 1);
  CHECK(asleep.drops == 1);
  CHECK(ready.wakes == 0);
  CHECK(asleep.wakes == 0);
  CHECK(here.loop->members() == 0);
}

TEST_CASE("work that is dropped may take other work, waiters and sleepers along") {
  LoopHere here{any_place()};
  auto ready = std::make_unique<CallingWaiter>();
  auto asleep = std::make_unique<CallingSleeper>(*here.loop, 1h);
  auto other = std::make_unique<CountingMember>(*here.loop);
  struct Owner final : LoopMember {
    explicit Owner(Loop& loop) { loop.join(*this); }
    void drop_work() noexcept override { drop(); }
    void cancel_work() noexcept override {}
    std::function<void()> drop;
  } owner{*here.loop};
  owner.drop = [&] {
    ready.reset();
    asleep.reset();
    other.reset();
  };
  here.loop->push(*ready);
  here.context.destroy();
  CHECK_FALSE(other);
}

// The loop is deleted by whichever comes last.
TEST_CASE("the last owner of a loop may go while its context does") {
  for (int i = 0; i < races(1000, 100); ++i) {
    PlacedContext context{i % 2 == 0 ? Place::Context : Place::StrandOfSerialContext};
    auto loop = Loop::of(context.executor());
    {
      CallingSleeper asleep{*loop, 1h};  // it has a timer
      context.settle();
    }
    std::atomic<bool> go = false;
    std::thread other{[&go, own = std::move(loop)]() mutable {
      while (!go) {
      }
      own.reset();
    }};
    go = true;
    context.destroy();
    other.join();
  }
}

TEST_CASE("any thread may post while the context goes") {
  for (int i = 0; i < races(500, 50); ++i) {
    PlacedContext context{i % 2 == 0 ? Place::Context : Place::SerialContext};
    const auto loop = Loop::of(context.executor());
    PostedCalls calls;
    int accepted = 0;
    std::atomic<bool> has_begun = false;
    std::thread other{[&] {
      while (loop->post(&calls, &PostedCalls::call)) {
        ++accepted;
        has_begun = true;
        static_cast<void>(loop->runs_here());
      }
    }};
    while (!has_begun)
      std::this_thread::yield();
    context.settle();
    context.destroy();
    other.join();
    CHECK(calls.made + calls.dropped == accepted);
  }
}
