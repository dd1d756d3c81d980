// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/error_code.hpp>

#include <cano/detail/member_call.hpp>
#include <cano/duration.hpp>
#include <cano/schedule/detail/timeline.hpp>
#include <cano/time/timer.hpp>

namespace cano::detail {

/// What an alarm is to do after a turn.
struct NextTurn {
  bool over = false;   // no more turns
  bool again = false;  // as soon as others have had a turn
  DueTime due{};       // otherwise when that comes
};

/// What keeps a scheduler going from its start to its end: one timer for each of the two clocks.
///
/// It belongs to the execution context, which always has work while the alarm is set: when the
/// context is destroyed, so is the alarm.
///
/// **Threads.** `wake` may be called from any; all else happens on a strand of its own.
///
/// `Host` does the work: it has `turn(epoch)`, and `alarm_lost(epoch)` for when the execution
/// context is destroyed under the alarm.
template <class Host> class Alarm : public std::enable_shared_from_this<Alarm<Host>> {
 public:
  Alarm(std::shared_ptr<Host> host, const asio::any_io_executor& executor, std::uint64_t epoch)
      : host_{std::move(host)},
        epoch_{epoch},
        executor_{asio::make_strand(executor)},
        steady_{executor_},
        wall_{executor_} {}
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  ~Alarm() {
    if (!over_) host_->alarm_lost(epoch_);
  }

  /// Asks for a turn.
  void wake() {
    if (is_woken_.exchange(true)) return;
    asio::post(executor_, member_call<&Alarm::turn>(this->shared_from_this()));
  }

 private:
  void turn() {
    if (over_) return;
    is_woken_ = false;
    const NextTurn next = host_->turn(epoch_);
    if (next.over) {
      over_ = true;
      steady_.cancel();
      wall_.cancel();
      return;
    }
    if (next.again) return wake();
    // With nothing due it waits for the end of time, so that the context has work.
    set<&Alarm::steady_ended>(steady_, steady_set_, next.due.steady.value_or(steady_time::max()));
    if (next.due.wall) {
      set<&Alarm::wall_ended>(wall_, wall_set_, *next.due.wall);
    } else if (wall_set_) {
      wall_set_.reset();
      wall_.cancel();
    }
  }

  template <auto Ended, class Time> void set(Timer& timer, std::optional<Time>& set_to, Time time) {
    if (set_to == time) return;
    set_to = time;
    timer.expires_at(time);
    timer.async_wait(member_call<Ended>(this->shared_from_this()));
  }

  void steady_ended(const boost::system::error_code& error) {
    if (error) return;
    steady_set_.reset();
    turn();
  }
  void wall_ended(const boost::system::error_code& error) {
    if (error) return;
    wall_set_.reset();
    turn();
  }

  std::shared_ptr<Host> host_;
  std::uint64_t epoch_;
  asio::any_io_executor executor_;
  Timer steady_;
  Timer wall_;
  std::optional<steady_time> steady_set_;
  std::optional<system_time> wall_set_;
  std::atomic<bool> is_woken_{false};
  bool over_ = false;
};

}  // namespace cano::detail
