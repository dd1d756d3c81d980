// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/cron/dst_fold.hpp>
#include <cano/cron/dst_gap.hpp>
#include <cano/duration.hpp>
#include <cano/schedule/first_run.hpp>
#include <cano/schedule/occurrence.hpp>
#include <cano/schedule/schedule.hpp>
#include <cano/schedule/schedule_options.hpp>
#include <cano/schedule/spread.hpp>

namespace cano::detail {

/// Both clocks at one moment.
struct Moment {
  steady_time steady;
  system_time wall;
};

/// The occurrences that have become due on a timeline since it was last asked.
struct Backlog {
  std::uint64_t count = 0;
  std::vector<Occurrence> last{};  // no more than were asked for, the oldest first
  bool is_healthy = true;          // what the job's health check said
  std::string problem{};           // what it threw
};

/// When a job is next due: on the steady clock, or by the clock on the wall.
struct DueTime {
  std::optional<steady_time> steady;
  std::optional<system_time> wall;
};

/// The occurrences of one schedule, from the start of a scheduler on. Pure: the caller gives the
/// time.
///
/// The steady clock times an interval without an anchor, at whole intervals from the first
/// occurrence. The clock on the wall times all other schedules, and its `start_at`.
class Timeline {
 public:
  /// How many missed occurrences may run; all are counted.
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
    if (schedule_.kind() != Schedule::Kind::Every) {
      set_wall(wall_after(starts_later ? *options.start_at - system_time::duration{1} : now.wall));
    } else if (starts_later) {
      start_at_ = wall_ = options.start_at;
    } else {
      begin_interval(now.steady);
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

  /// Whether there is any occurrence to come.
  bool is_ever_due(Moment now) const noexcept {
    if (start_at_) {
      const bool at_once = first_ == FirstRun::Immediately;
      return !is_past_end(at_once ? *start_at_ : saturating_add(*start_at_, interval()));
    }
    return steady_ ? !is_past_end(on_wall(*steady_, now)) : wall_.has_value();
  }

  /// Takes all that is due, and keeps the last `keep` of it.
  Backlog take(Moment now, std::size_t keep) {
    Backlog backlog;
    if (start_at_ && *start_at_ <= now.wall) {
      begin_interval(saturating_add(now.steady, saturating_between(now.wall, *start_at_)));
      start_at_ = wall_ = std::nullopt;
    }
    if (start_at_) return backlog;
    keep = std::clamp<std::size_t>(keep, 1, max_backlog + 1);
    if (steady_) take_by_steady(backlog, keep, now);
    if (wall_ && saturating_add(*wall_, delay_) <= now.wall) take_by_wall(backlog, keep, now.wall);
    return backlog;
  }

  /// The clock on the wall was put back by so much.
  ///
  /// A schedule that repeats goes on by the new time. Fixed times that have been are not repeated,
  /// unless the step is so large that the clock must have been wrong before (as Vixie's cron does).
  void wall_was_put_back(Moment now, Duration by) {
    if (!wall_ || start_at_) return;
    if (schedule_.repeats() || by >= std::chrono::hours{3}) set_wall(wall_after(now.wall));
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
      set_wall(wall_after(*wall_));
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

  std::optional<system_time> wall_after(system_time time) const {
    return schedule_.next_after(time, gap_, fold_);
  }
  std::optional<system_time> wall_before(system_time time) const {
    return schedule_.prev_before(time, gap_, fold_);
  }

  // What is due, the first of which is. It is not walked through, for a clock may have been put
  // forward by decades: the last occurrences are found backwards, and all are counted.
  void take_by_wall(Backlog& backlog, std::size_t keep, system_time now) {
    const system_time first = *wall_;
    const Duration first_delay = delay_;
    set_wall(wall_after(first));
    if (!wall_ || *wall_ > now) {
      backlog = {1, {occurrence(first, now - saturating_add(first, first_delay))}};
      return;
    }
    const system_time limit = end_at_ ? std::min(now, *end_at_) : now;
    const auto found = wall_before(saturating_add(limit, Duration{1}));
    const system_time last = std::max(*wall_, found.value_or(*wall_));
    set_wall(last);
    // Every one before it has been followed by another, and no delay is as long as that takes.
    const bool is_last_due = saturating_add(last, delay_) <= now;
    if (is_last_due) {
      backlog.last.push_back(occurrence(last, now - saturating_add(last, delay_)));
    }
    system_time earliest = last;
    while (backlog.last.size() < keep && earliest > first) {
      const system_time at = std::max(first, wall_before(earliest).value_or(first));
      const Duration delay = at == first ? first_delay : draw_wall_delay(at, earliest);
      backlog.last.push_back(occurrence(at, now - saturating_add(at, delay)));
      earliest = at;
    }
    std::reverse(backlog.last.begin(), backlog.last.end());
    backlog.count = earliest == first
                        ? backlog.last.size()
                        : schedule_.count_between(first, last, gap_, fold_) + (is_last_due ? 1 : 0);
    if (is_last_due) set_wall(wall_after(last));
  }

  void take_by_steady(Backlog& backlog, std::size_t keep, Moment now) {
    while (steady_ && saturating_add(*steady_, delay_) <= now.steady) {
      const system_time nominal = on_wall(*steady_, now);
      if (is_past_end(nominal)) {
        steady_.reset();
        break;
      }
      record(backlog, keep, occurrence(nominal, now.steady - saturating_add(*steady_, delay_)));
      pass_over_intervals(backlog, keep, now);
    }
    if (backlog.last.size() > keep) {
      backlog.last.erase(backlog.last.begin(), backlog.last.end() - static_cast<long>(keep));
    }
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
    delay_ = draw_wall_delay(*nominal, {});
  }

  // `next`: the occurrence after it, if that is known.
  Duration draw_wall_delay(system_time nominal, std::optional<system_time> next) {
    if (spread_.kind() == Spread::Kind::None) return Duration::zero();
    if (!next) next = wall_after(nominal);
    return draw_delay(next ? *next - nominal : Duration::max());
  }

  Duration interval() const noexcept { return schedule_.interval(); }
  bool is_past_end(system_time nominal) const noexcept { return end_at_ && nominal > *end_at_; }

  // Intervals that have passed are counted, not visited: only the last ones are recorded.
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

  // `lateness`: since it was due, spread included.
  static Occurrence occurrence(system_time nominal, Duration lateness) {
    return {{}, nominal, {}, lateness};
  }

  static void record(Backlog& backlog, std::size_t keep, Occurrence occurrence) {
    ++backlog.count;
    if (backlog.last.size() >= 2 * keep) {
      backlog.last.erase(backlog.last.begin(), backlog.last.begin() + static_cast<long>(keep));
    }
    backlog.last.push_back(std::move(occurrence));
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
