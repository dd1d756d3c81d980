// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/time/sleep.hpp>

namespace cano_test {

/// What the runs of jobs note of themselves. For one thread.
struct Starts {
  std::vector<cano::system_time> times;
  std::vector<cano::Duration> lateness;
  std::vector<std::uint64_t> missed;
  int begun = 0;
  int ended = 0;
  int most_at_once = 0;

  /// One run, from begin to destruction.
  class Run {
   public:
    Run(Starts& starts, std::string id) : starts_{starts}, id_{std::move(id)} {
      starts_.most_at_once = std::max(starts_.most_at_once, ++starts_.begun - starts_.ended);
      int& running = starts_.running_[id_];
      starts_.most_of_[id_] = std::max(starts_.most_of_[id_], ++running);
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() {
      ++starts_.ended;
      --starts_.running_[id_];
    }

   private:
    Starts& starts_;
    std::string id_;
  };

  Run begin(const cano::Occurrence& now) {
    times.push_back(now.actual);
    lateness.push_back(now.lateness);
    missed.push_back(now.missed);
    return Run{*this, now.id};
  }

  int most_at_once_of(const std::string& id) const {
    const auto found = most_of_.find(id);
    return found == most_of_.end() ? 0 : found->second;
  }

 private:
  std::map<std::string, int> running_;
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
