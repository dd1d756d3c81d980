// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include <cano/schedule/detail/cron_calendar.hpp>
#include <cano/schedule/detail/cron_fields.hpp>
#include <cano/schedule/dst_fold.hpp>
#include <cano/schedule/dst_gap.hpp>
#include <cano/time/time_zone.hpp>
#include <cano/time/zone_rules.hpp>

namespace cano::detail {

// What an expression names lies between these, whatever the zone.
inline constexpr std::chrono::sys_seconds cron_begin =
    std::chrono::sys_days{std::chrono::year{first_cron_year} / 1 / 1} - std::chrono::days{1};
inline constexpr std::chrono::sys_seconds cron_end =
    std::chrono::sys_days{std::chrono::year{last_cron_year + 1} / 1 / 1} + std::chrono::days{1};

// Finds occurrences in a zone, span by span of its time line.
//
// The occurrences within a span are
// - the local times that match and exist in it, without those of a fold that the policy leaves to
//   the span on the other side;
// - for each local time that matches in the gap before the span, what the policy makes of it: a
//   time at the beginning of this span. (No zone has a gap longer than the span that follows.)
template <class Direction> class CronZoneSearch {
  static constexpr bool forward = Direction::step > 0;
  using sys_seconds = std::chrono::sys_seconds;
  using local_seconds = std::chrono::local_seconds;
  using seconds = std::chrono::seconds;

 public:
  CronZoneSearch(const CronFields& fields, const TimeZone& zone, DstGap gap, DstFold fold)
      : fields_{fields},
        zone_{zone},
        // What repeats runs whenever the clock shows it: a gap adds nothing, a fold is run through.
        gap_{fields.repeats() ? DstGap::Skip : gap},
        fold_{fields.repeats() ? DstFold::Both : fold} {}

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
  // From first to last, both included; none when last is before first.
  struct Window {
    sys_seconds first, last;
  };

  static std::optional<sys_seconds> nearer(std::optional<sys_seconds> a,
                                           std::optional<sys_seconds> b) {
    if (!a || !b) return a ? a : b;
    return forward ? std::min(*a, *b) : std::max(*a, *b);
  }

  std::optional<sys_seconds> find_in(const ZoneSpan& span, sys_seconds from) {
    Window window{span.begin, span.end - seconds{1}};
    (forward ? window.first : window.last) = from;
    const seconds before = offset_before(span, window);
    const auto found = find_direct(span, before, window);
    return span.offset > before ? nearer(found, find_from_gap(span, before, window)) : found;
  }

  std::optional<sys_seconds> find_direct(const ZoneSpan& span, seconds before, Window window) {
    if (fold_ == DstFold::First && before > span.offset) {
      window.first = std::max(window.first, span.begin + (before - span.offset));
    }
    if (fold_ == DstFold::Second) {
      const seconds after = offset_after(span, window);
      if (after < span.offset)
        window.last = std::min(window.last, span.end - (span.offset - after) - seconds{1});
    }
    return find_at_offset(span.offset, window);
  }

  std::optional<sys_seconds> find_from_gap(const ZoneSpan& span, seconds before, Window window) {
    const sys_seconds gap_end = span.begin + (span.offset - before);
    switch (gap_) {
      case DstGap::Skip:
        break;
      case DstGap::ShiftForward:
        window.last = std::min(window.last, gap_end - seconds{1});
        return find_at_offset(before, window);
      case DstGap::RunAtGapEnd:
        if (window.first > span.begin) break;
        if (find_at_offset(before, {span.begin, gap_end - seconds{1}})) return span.begin;
        break;
    }
    return std::nullopt;
  }

  // The match nearest to the start of the search in a window whose local time is that far from UTC.
  std::optional<sys_seconds> find_at_offset(seconds offset, Window window) {
    if (window.first > window.last) return std::nullopt;
    const auto local = [offset](sys_seconds time) {
      return local_seconds{(time + offset).time_since_epoch()};
    };
    const auto found = find_nearest(local(forward ? window.first : window.last));
    const bool inside = found && *found >= local(window.first) && *found <= local(window.last);
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
      found_ = find_local<Direction>(fields_, from);
    }
    return found_;
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

  const CronFields& fields_;
  const TimeZone& zone_;
  DstGap gap_;
  DstFold fold_;
  std::optional<local_seconds> searched_, found_;
};

}  // namespace cano::detail
