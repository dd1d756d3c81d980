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
      steady_.timer.cancel();
      wall_.timer.cancel();
      return;
    }
    if (next.again) return wake();
    // With nothing due it waits for the end of time, so that the context has work.
    set<&Alarm::steady_>(next.due.steady.value_or(steady_time::max()));
    if (next.due.wall) {
      set<&Alarm::wall_>(*next.due.wall);
    } else if (wall_.set_to) {
      wall_.set_to.reset();
      wall_.timer.cancel();
    }
  }

  template <class Time> struct Wait {
    explicit Wait(const asio::any_io_executor& executor) : timer{executor} {}
    Timer timer;
    std::optional<Time> set_to;
  };

  // `Of`: steady_ or wall_.
  template <auto Of, class Time> void set(Time time) {
    Wait<Time>& wait = this->*Of;
    if (wait.set_to == time) return;
    wait.set_to = time;
    wait.timer.expires_at(time);
    wait.timer.async_wait(member_call<&Alarm::template ended<Of>>(this->shared_from_this()));
  }

  template <auto Of> void ended(const boost::system::error_code& error) {
    if (error) return;
    (this->*Of).set_to.reset();
    turn();
  }

  std::shared_ptr<Host> host_;
  std::uint64_t epoch_;
  asio::any_io_executor executor_;
  Wait<steady_time> steady_;
  Wait<system_time> wall_;
  std::atomic<bool> is_woken_{false};
  bool over_ = false;
};

}  // namespace cano::detail
