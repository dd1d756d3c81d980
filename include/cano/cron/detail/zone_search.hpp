// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include <cano/cron/detail/cron_calendar.hpp>
#include <cano/cron/detail/cron_fields.hpp>
#include <cano/cron/dst_fold.hpp>
#include <cano/cron/dst_gap.hpp>
#include <cano/time/time_zone.hpp>
#include <cano/time/zone_rules.hpp>

namespace cano::detail {

// Occurrences are between these, whatever the zone.
inline constexpr std::chrono::sys_seconds cron_begin =
    std::chrono::sys_days{std::chrono::year{first_cron_year} / 1 / 1} - std::chrono::days{1};
inline constexpr std::chrono::sys_seconds cron_end =
    std::chrono::sys_days{std::chrono::year{last_cron_year + 1} / 1 / 1} + std::chrono::days{1};

// Local times on the time line of a zone, span by span.
//
// The occurrences within a span are
// - the local times that match and exist in it, without those of a fold that the policy leaves to
//   the span on the other side;
// - for each local time that matches in the gap before the span, what the policy makes of it: a
//   time at the beginning of this span. (No zone has a gap longer than the span that follows.)
//
// `Times`: the local times, e.g. `CronTimes`; it has `repeats()`, `find<Direction>(from)` and
// `count(first, last)`.
template <class Times> class ZoneTimes {
 protected:
  using sys_seconds = std::chrono::sys_seconds;
  using local_seconds = std::chrono::local_seconds;
  using seconds = std::chrono::seconds;

  ZoneTimes(const Times& times, const TimeZone& zone, DstGap gap, DstFold fold)
      : times_{times},
        // What repeats runs whenever the clock shows it: a gap adds nothing, a fold is run through.
        gap_{times.repeats() ? DstGap::Skip : gap},
        fold_{times.repeats() ? DstFold::Both : fold},
        zone_{zone} {}

  // From first to last, both included; none when last is before first.
  struct Window {
    sys_seconds first, last;

    bool is_empty() const noexcept { return first > last; }
    bool holds(sys_seconds time) const noexcept { return first <= time && time <= last; }
  };

  static local_seconds local(sys_seconds time, seconds offset) {
    return local_seconds{(time + offset).time_since_epoch()};
  }

  // Where local times of the span itself are due.
  Window direct(const ZoneSpan& span, seconds before, Window window) const {
    if (fold_ == DstFold::First && before > span.offset) {
      window.first = std::max(window.first, span.begin + (before - span.offset));
    }
    if (fold_ == DstFold::Second) {
      const seconds after = offset_after(span, window);
      if (after < span.offset)
        window.last = std::min(window.last, span.end - (span.offset - after) - seconds{1});
    }
    return window;
  }

  // Where local times of the gap before the span are due, or would be: each so much later as the
  // clocks were put forward.
  static Window shifted(const ZoneSpan& span, seconds before, Window window) {
    const sys_seconds gap_end = span.begin + (span.offset - before);
    window.last = std::min(window.last, gap_end - seconds{1});
    return window;
  }

  // Offsets on the other side of a span's ends. Far from an end they do not matter.
  seconds offset_before(const ZoneSpan& span, const Window& window) const {
    const bool asked = gap_ != DstGap::Skip || fold_ == DstFold::First;
    const bool near = span.begin > cron_begin && window.first - span.begin < longest_change;
    return asked && near ? span_at(span.begin - seconds{1}).offset : span.offset;
  }
  seconds offset_after(const ZoneSpan& span, const Window& window) const {
    const bool near = span.end < cron_end && span.end - window.last < longest_change;
    return near ? span_at(span.end).offset : span.offset;
  }

  // Spans that reach beyond what cron knows are cut, so that no sum overflows.
  ZoneSpan span_at(sys_seconds time) const {
    ZoneSpan span = zone_.span_at(time);
    span.begin = std::max(span.begin, cron_begin);
    span.end = std::min(span.end, cron_end + seconds{1});
    return span;
  }

  static constexpr std::chrono::days longest_change{2};

  Times times_;
  DstGap gap_;
  DstFold fold_;

 private:
  const TimeZone& zone_;
};

// Finds occurrences in a zone.
template <class Direction, class Times> class ZoneSearch : ZoneTimes<Times> {
  static constexpr bool forward = Direction::step > 0;
  using Base = ZoneTimes<Times>;
  using Base::gap_;
  using Base::local;
  using Base::span_at;
  using typename Base::local_seconds;
  using typename Base::seconds;
  using typename Base::sys_seconds;
  using typename Base::Window;

 public:
  ZoneSearch(const Times& times, const TimeZone& zone, DstGap gap, DstFold fold)
      : Base{times, zone, gap, fold} {}

  // The occurrence at `from` or nearest to it in the direction of the search.
  std::optional<sys_seconds> find(sys_seconds from) {
    from = std::clamp(from, cron_begin, cron_end);
    for (ZoneSpan span = span_at(from);;) {
      if (const auto found = find_in(span, from)) return found;
      if (forward ? span.end >= cron_end : span.begin <= cron_begin) return std::nullopt;
      from = forward ? span.end : span.begin - seconds{1};
      span = span_at(from);
    }
  }

 private:
  static std::optional<sys_seconds> nearer(std::optional<sys_seconds> a,
                                           std::optional<sys_seconds> b) {
    if (!a || !b) return a ? a : b;
    return forward ? std::min(*a, *b) : std::max(*a, *b);
  }

  std::optional<sys_seconds> find_in(const ZoneSpan& span, sys_seconds from) {
    Window window{span.begin, span.end - seconds{1}};
    (forward ? window.first : window.last) = from;
    const seconds before = this->offset_before(span, window);
    const auto found = find_at_offset(span.offset, this->direct(span, before, window));
    return span.offset > before ? nearer(found, find_from_gap(span, before, window)) : found;
  }

  std::optional<sys_seconds> find_from_gap(const ZoneSpan& span, seconds before, Window window) {
    switch (gap_) {
      case DstGap::Skip:
        break;
      case DstGap::ShiftForward:
        return find_at_offset(before, this->shifted(span, before, window));
      case DstGap::RunAtGapEnd:
        if (window.first > span.begin) break;
        window = {span.begin, span.end};
        if (find_at_offset(before, this->shifted(span, before, window))) return span.begin;
        break;
    }
    return std::nullopt;
  }

  // The match nearest to the start of the search in a window whose local time is that far from UTC.
  std::optional<sys_seconds> find_at_offset(seconds offset, Window window) {
    if (window.is_empty()) return std::nullopt;
    const local_seconds first = local(window.first, offset), last = local(window.last, offset);
    const auto found = find_nearest(forward ? first : last);
    const bool inside = found && *found >= first && *found <= last;
    if (!inside) return std::nullopt;
    return sys_seconds{found->time_since_epoch() - offset};
  }

  // The search of the span before has often seen that there is nothing up to a point far beyond.
  std::optional<local_seconds> find_nearest(local_seconds from) {
    const auto at_or_beyond = [](local_seconds a, local_seconds b) {
      return forward ? a >= b : a <= b;
    };
    const bool known =
        searched_ && at_or_beyond(from, *searched_) && (!found_ || at_or_beyond(*found_, from));
    if (!known) {
      searched_ = from;
      found_ = this->times_.template find<Direction>(from);
    }
    return found_;
  }

  std::optional<local_seconds> searched_, found_;
};

// Counts occurrences in a zone, without going from one to the next.
template <class Times> class ZoneCount : ZoneTimes<Times> {
  using Base = ZoneTimes<Times>;
  using Base::gap_;
  using Base::local;
  using Base::times_;
  using typename Base::local_seconds;
  using typename Base::seconds;
  using typename Base::sys_seconds;
  using typename Base::Window;

 public:
  ZoneCount(const Times& times, const TimeZone& zone, DstGap gap, DstFold fold)
      : Base{times, zone, gap, fold} {}

  // From first to last, both included.
  std::uint64_t count(sys_seconds first, sys_seconds last) const {
    first = std::max(first, cron_begin);
    last = std::min(last, cron_end);
    std::uint64_t count = 0;
    while (first <= last) {
      const ZoneSpan span = this->span_at(first);
      count += count_in(span, {first, std::min(last, span.end - seconds{1})});
      first = span.end;
    }
    return count;
  }

 private:
  std::uint64_t count_in(const ZoneSpan& span, Window window) const {
    const seconds before = this->offset_before(span, window);
    const Window direct = this->direct(span, before, window);
    std::uint64_t count = direct.is_empty() ? 0 : count_at_offset(span.offset, direct);
    if (span.offset > before) count += count_from_gap(span, before, window, direct);
    return count;
  }

  std::uint64_t count_at_offset(seconds offset, Window window) const {
    return times_.count(local(window.first, offset), local(window.last, offset));
  }

  // Those that are not due anyway. Few: a gap is an hour long, a day at most.
  std::uint64_t count_from_gap(const ZoneSpan& span, seconds before, Window window,
                               Window direct) const {
    const auto is_direct = [&](sys_seconds time) {
      const local_seconds shown = local(time, span.offset);
      return direct.holds(time) && times_.template find<Forward>(shown) == shown;
    };
    if (gap_ == DstGap::Skip) return 0;
    if (gap_ == DstGap::RunAtGapEnd) {
      if (window.first > span.begin) return 0;
      const Window gap = this->shifted(span, before, {span.begin, span.end});
      return count_at_offset(before, gap) > 0 && !is_direct(span.begin) ? 1 : 0;
    }
    std::uint64_t count = 0;
    const Window gap = this->shifted(span, before, window);
    for (sys_seconds at = gap.first; at <= gap.last; at += seconds{1}) {
      const auto found = times_.template find<Forward>(local(at, before));
      if (!found) break;
      at = sys_seconds{found->time_since_epoch() - before};
      if (at <= gap.last && !is_direct(at)) ++count;
    }
    return count;
  }
};

}  // namespace cano::detail
