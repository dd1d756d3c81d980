// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/duration.hpp>
#include <cano/schedule/dst_fold.hpp>
#include <cano/schedule/dst_gap.hpp>
#include <cano/schedule/first_run.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>
#include <cano/schedule/spread.hpp>

namespace cano::detail {

/// Both clocks at one moment.
struct Moment {
  steady_time steady;
  system_time wall;
};

/// An occurrence whose time has come.
struct DueOccurrence {
  system_time nominal;
  Duration lateness;  // since it was due, spread included
};

/// All that has become due on a timeline since it was last asked.
struct Backlog {
  std::uint64_t count = 0;
  std::vector<DueOccurrence> last;  // no more than were asked for, the oldest first
};

/// When a job is next due: on the steady clock, or by the clock on the wall.
struct DueTime {
  std::optional<steady_time> steady;
  std::optional<system_time> wall;
};

/// The occurrences of one schedule, from the start of a scheduler on. Pure: it is told the time.
///
/// An interval's occurrences lie on the steady clock, at whole intervals from the first. Those of a
/// cron expression, and the `start_at` of an interval, go by the clock on the wall.
class Timeline {
 public:
  /// How many missed occurrences of a cron expression are told apart: more than that, and the rest
  /// is passed over uncounted. A clock may be put forward by decades.
  static constexpr std::size_t max_backlog = 10'000;

  Timeline(Schedule schedule, const ScheduleOptions& options, std::string_view id, FirstRun first,
           Moment now)
      : schedule_{std::move(schedule)},
        gap_{options.gap},
        fold_{options.fold},
        spread_{options.spread},
        end_at_{options.end_at},
        first_{first},
        hash_{stable_hash(id)},
        random_{hash_ ^ mix_bits(static_cast<std::uint64_t>(now.wall.time_since_epoch().count()))} {
    const bool starts_later = options.start_at && *options.start_at > now.wall;
    if (schedule_.kind() == Schedule::Kind::Cron) {
      const auto tick = system_time::duration{1};
      set_wall(cron_after(starts_later ? *options.start_at - tick : now.wall));
    } else if (schedule_.kind() == Schedule::Kind::Every) {
      if (starts_later) {
        start_at_ = wall_ = options.start_at;
      } else {
        begin_interval(now.steady);
      }
    }
  }

  /// When to look at it again; neither when it has no more occurrences.
  DueTime due() const noexcept {
    if (start_at_) return {std::nullopt, start_at_};
    DueTime time;
    if (steady_) time.steady = saturating_add(*steady_, delay_);
    if (wall_) time.wall = saturating_add(*wall_, delay_);
    return time;
  }

  /// Takes all that is due, and keeps the last `keep` of it.
  Backlog take(Moment now, std::size_t keep) {
    Backlog backlog;
    if (start_at_ && *start_at_ <= now.wall) {
      begin_interval(saturating_add(now.steady, saturating_between(now.wall, *start_at_)));
      start_at_ = wall_ = std::nullopt;
    }
    if (start_at_) return backlog;
    keep = std::clamp<std::size_t>(keep, 1, max_backlog);
    while (steady_ && saturating_add(*steady_, delay_) <= now.steady) {
      const system_time nominal = on_wall(*steady_, now);
      if (is_past_end(nominal)) {
        steady_.reset();
        break;
      }
      record(backlog, keep, {nominal, now.steady - saturating_add(*steady_, delay_)});
      pass_over_intervals(backlog, keep, now);
    }
    while (wall_ && saturating_add(*wall_, delay_) <= now.wall) {
      record(backlog, keep, {*wall_, now.wall - saturating_add(*wall_, delay_)});
      set_wall(backlog.count == max_backlog ? last_missed(*wall_, now.wall) : cron_after(*wall_));
    }
    if (backlog.last.size() > keep) {
      backlog.last.erase(backlog.last.begin(), backlog.last.end() - static_cast<long>(keep));
    }
    return backlog;
  }

  /// The clock on the wall was put back by so much.
  ///
  /// A schedule that repeats goes on by the new time. Fixed times that have been are not repeated,
  /// unless the step is so large that the clock must have been wrong before (as Vixie's cron does).
  void wall_was_put_back(Moment now, Duration by) {
    if (!wall_ || start_at_) return;
    if (schedule_.expression()->repeats() || by >= std::chrono::hours{3}) {
      set_wall(cron_after(now.wall));
    }
  }

  /// Takes the next occurrence, due or not: when it is due, as the clock on the wall will show.
  std::optional<system_time> step(Moment now) {
    if (start_at_) {
      begin_interval(saturating_add(now.steady, saturating_between(now.wall, *start_at_)));
      start_at_ = wall_ = std::nullopt;
    }
    std::optional<system_time> time;
    if (steady_ && !is_past_end(on_wall(*steady_, now))) {
      time = on_wall(saturating_add(*steady_, delay_), now);
      set_steady(saturating_add(*steady_, schedule_.interval()));
    } else if (wall_) {
      time = saturating_add(*wall_, delay_);
      set_wall(cron_after(*wall_));
    }
    return time;
  }

  /// The time on the steady clock as the clock on the wall shows it.
  static system_time on_wall(steady_time time, Moment now) noexcept {
    return saturating_add(now.wall, saturating_between(now.steady, time));
  }

 private:
  void begin_interval(steady_time anchor) {
    const bool at_once = first_ == FirstRun::Immediately;
    set_steady(at_once && schedule_.interval() != Duration::max()
                   ? anchor
                   : saturating_add(anchor, schedule_.interval()));
  }

  std::optional<system_time> cron_after(system_time time) const {
    return schedule_.next_after(time, gap_, fold_);
  }

  // The last occurrence of a cron expression up to now, or else the one after `time`.
  std::optional<system_time> last_missed(system_time time, system_time now) const {
    const auto last = schedule_.expression()->prev_before(now + system_time::duration{1},
                                                          schedule_.zone(), gap_, fold_);
    return last && *last > time ? last : cron_after(time);
  }

  void set_steady(steady_time nominal) {
    steady_.reset();
    if (nominal == steady_time::max()) return;
    steady_ = nominal;
    if (spread_.kind() != Spread::Kind::None) {
      delay_ = draw_delay(saturating_between(nominal, saturating_add(nominal, interval())));
    }
  }

  void set_wall(std::optional<system_time> nominal) {
    wall_.reset();
    if (!nominal || is_past_end(*nominal)) return;
    wall_ = nominal;
    if (spread_.kind() != Spread::Kind::None) {
      const auto next = cron_after(*nominal);
      delay_ = draw_delay(next ? *next - *nominal : Duration::max());
    }
  }

  Duration interval() const noexcept { return schedule_.interval(); }
  bool is_past_end(system_time nominal) const noexcept { return end_at_ && nominal > *end_at_; }

  // The intervals that have passed need no look each: all but the last are told by their number.
  void pass_over_intervals(Backlog& backlog, std::size_t keep, Moment now) {
    auto missed = (now.steady - *steady_) / interval();
    if (end_at_) {
      missed = std::min(missed, (*end_at_ - on_wall(*steady_, now)) / interval());
    }
    const auto kept = static_cast<Duration::rep>(keep);
    const Duration::rep skipped = std::max<Duration::rep>(0, missed - kept);
    backlog.count += static_cast<std::uint64_t>(skipped);
    set_steady(saturating_add(*steady_ + skipped * interval(), interval()));
  }

  static void record(Backlog& backlog, std::size_t keep, DueOccurrence occurrence) {
    ++backlog.count;
    if (backlog.last.size() >= 2 * keep) {
      backlog.last.erase(backlog.last.begin(), backlog.last.begin() + static_cast<long>(keep));
    }
    backlog.last.push_back(occurrence);
  }

  // Less than the distance to the next occurrence.
  Duration draw_delay(Duration distance) {
    std::uint64_t share = hash_;
    if (spread_.kind() == Spread::Kind::Random) {
      random_ += 0x9e3779b97f4a7c15U;
      share = mix_bits(random_);
    }
    const Duration most = std::min(spread_.max(), distance - Duration{1});
    const double part = static_cast<double>(share >> 11U) * 0x1p-53;
    return std::min(
        most,
        Duration{static_cast<Duration::rep>(part * (static_cast<double>(most.count()) + 1.0))});
  }

  Schedule schedule_;
  DstGap gap_;
  DstFold fold_;
  Spread spread_;
  std::optional<system_time> end_at_;
  FirstRun first_;
  std::uint64_t hash_;
  std::uint64_t random_;

  // The next occurrence, without its delay; at most one of the two.
  std::optional<steady_time> steady_;
  std::optional<system_time> wall_;
  Duration delay_{};
  std::optional<system_time> start_at_;  // while an interval waits to begin
};

}  // namespace cano::detail
