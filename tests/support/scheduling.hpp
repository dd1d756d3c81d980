// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/time/sleep.hpp>

namespace cano_test {

/// The states of a workflow that is a job.
enum class Step { Begin, End };

/// A scheduler in virtual time. Its tests are methods of it.
struct InVirtualTime {
  cano::VirtualTime time;
  const cano::system_time start = time.wall_now();
  cano::Scheduler scheduler{time.get_executor()};
};

/// What the runs of jobs note of themselves. For one thread; runs may outlive it.
class Starts {
  struct Live {
    int ended = 0;
    std::map<std::string, int> running;
  };

 public:
  std::vector<cano::system_time> times;
  std::vector<cano::Duration> lateness;
  std::vector<std::uint64_t> missed;
  int begun = 0;
  int most_at_once = 0;

  /// One run, from begin to destruction.
  class Run {
   public:
    Run(std::shared_ptr<Live> live, std::string id) : live_{std::move(live)}, id_{std::move(id)} {}
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() {
      ++live_->ended;
      --live_->running[id_];
    }

   private:
    std::shared_ptr<Live> live_;
    std::string id_;
  };

  Run begin(const cano::Occurrence& now) {
    times.push_back(now.actual);
    lateness.push_back(now.lateness);
    missed.push_back(now.missed);
    most_at_once = std::max(most_at_once, ++begun - live_->ended);
    most_of_[now.id] = std::max(most_of_[now.id], ++live_->running[now.id]);
    return Run{live_, now.id};
  }

  int ended() const { return live_->ended; }

  int most_at_once_of(const std::string& id) const {
    const auto found = most_of_.find(id);
    return found == most_of_.end() ? 0 : found->second;
  }

 private:
  std::shared_ptr<Live> live_ = std::make_shared<Live>();
  std::map<std::string, int> most_of_;
};

/// A job that takes so long, and notes its runs.
struct Slow {
  Starts& starts;
  cano::Duration length;

  boost::asio::awaitable<void> operator()(const cano::Occurrence& now) const {
    const auto run = starts.begin(now);
    co_await cano::sleep_for(length);
  }
};

/// A job that takes so long and does not heed cancellation.
inline boost::asio::awaitable<void> insist(cano::Duration length, bool& done) {
  co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
  co_await cano::sleep_for(length);
  done = true;
}

inline void do_nothing() {}

/// The message of the `Error(Configuration)` that a call throws.
template <class Call> std::string refusal(Call call) {
  try {
    call();
  } catch (const cano::Error& error) {
    return error.errc() == cano::Errc::Configuration ? error.message() : "another error";
  }
  return "no error";
}

/// How many seconds each is later than `start`.
inline std::vector<double> seconds_of(const std::vector<cano::system_time>& times,
                                      cano::system_time start) {
  std::vector<double> seconds;
  for (const auto& time : times)
    seconds.push_back(std::chrono::duration<double>(time - start).count());
  return seconds;
}

}  // namespace cano_test
