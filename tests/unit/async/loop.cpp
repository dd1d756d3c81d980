// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
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
  explicit CallingWaiter(std::function<void()> function = {}) : function{std::move(function)} {}
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

TEST_CASE("an exception out of a waiter leaves the others their turn, in their order") {
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
