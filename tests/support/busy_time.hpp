// SPDX-License-Identifier: MIT
#pragma once

// Time that goes on while a plain function works, when nothing else can run: what VirtualTime,
// whose clock only moves between handlers, cannot show.

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/io_context.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/blocking_run.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/virtual_clock.hpp>
#include <cano/duration.hpp>

namespace engine {

class BusyClock final : public cano::detail::VirtualClock {
 public:
  BusyClock() { now_ = cano::steady_time{std::chrono::hours{1}}; }
  void work(cano::Duration duration) { now_ += duration; }
  void move_to(cano::steady_time time) { now_ = std::max(now_, time); }
};

class BusyTime {
 public:
  BusyTime() {
    cano::detail::mark_serial(context_, &clock_);
    loop_ = cano::detail::Loop::of(context_.get_executor());
  }

  // What a plain function calls that takes that long.
  void work(cano::Duration duration) { clock_.work(duration); }

  template <class T> T run(cano::Async<T> work) {
    bool has_ended = false;
    cano::detail::BlockingRun<T> blocking{
        *loop_, work, &has_ended, [](void* ended) noexcept { *static_cast<bool*>(ended) = true; }};
    blocking.launch();
    const cano::detail::Loop::Here here{*loop_};
    cano::detail::Timers& timers = loop_->timers();
    do {
      context_.restart();
      // As on a real machine, a timer that is due comes before what was posted behind it.
      do {
        timers.expire_due();
      } while (context_.poll_one() != 0);
      clock_.move_to(std::min(timers.next_deadline(), clock_.now() + std::chrono::hours{24 * 365}));
    } while (!has_ended);
    return blocking.take();
  }

 private:
  BusyClock clock_;
  boost::asio::io_context context_;
  cano::detail::Loop::Pointer loop_;
};

}  // namespace engine
