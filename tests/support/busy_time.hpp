// SPDX-License-Identifier: MIT
#pragma once

// Time that goes on while a plain function works, when nothing else can run: what VirtualTime,
// whose clock only moves between handlers, cannot show.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <cano/duration.hpp>
#include <cano/time/detail/virtual_clock.hpp>
#include <cano/time/detail/virtual_wait.hpp>

namespace engine {

class BusyClock final : public cano::detail::VirtualClock {
 public:
  cano::steady_time now() const noexcept override { return now_; }
  cano::system_time wall_now() const noexcept override { return {}; }

  void add(std::unique_ptr<cano::detail::VirtualWait> wait) override {
    const auto deadline = wait->deadline();
    waits_.emplace(deadline, std::move(wait));
  }
  void cancel(const cano::detail::VirtualWait& wait) override {
    take_if([&](const auto& other) { return &other == &wait; });
  }
  std::size_t cancel_all_of(const void* owner) override {
    return take_if([&](const auto& other) { return other.owner() == owner; });
  }
  void wake_on_step(const void*) override {}
  void drop_all() noexcept override { const auto waits = std::exchange(waits_, {}); }

  void work(cano::Duration duration) { now_ += duration; }

  // Ends the waits that are due.
  bool wake_due() {
    bool any = false;
    while (!waits_.empty() && waits_.begin()->first <= now_) {
      cano::detail::VirtualWait::complete(std::move(waits_.extract(waits_.begin()).mapped()), {});
      any = true;
    }
    return any;
  }

  // Moves on to the next wait.
  bool jump() {
    if (waits_.empty()) return false;
    now_ = std::max(now_, waits_.begin()->first);
    return true;
  }

 private:
  template <class Match> std::size_t take_if(Match match) {
    std::size_t count = 0;
    for (auto it = waits_.begin(); it != waits_.end();) {
      if (!match(*it->second)) {
        ++it;
        continue;
      }
      auto next = std::next(it);
      cano::detail::VirtualWait::complete(std::move(waits_.extract(it).mapped()),
                                          boost::asio::error::operation_aborted);
      it = next;
      ++count;
    }
    return count;
  }

  cano::steady_time now_{std::chrono::hours{1}};
  std::multimap<cano::steady_time, std::unique_ptr<cano::detail::VirtualWait>> waits_;
};

class BusyTime {
 public:
  BusyTime() { boost::asio::make_service<cano::detail::ClockService>(context_, &clock_); }

  // What a plain function calls that takes that long.
  void work(cano::Duration duration) { clock_.work(duration); }

  template <class T> T run(boost::asio::awaitable<T> work) {
    auto result = boost::asio::co_spawn(context_, std::move(work), boost::asio::use_future);
    do {
      context_.restart();
      // As on a real machine, a timer that is due comes before what was posted behind it.
      while (clock_.wake_due() || context_.poll_one() != 0) {
      }
    } while (clock_.jump());
    return result.get();
  }

 private:
  BusyClock clock_;
  boost::asio::io_context context_;
};

}  // namespace engine
