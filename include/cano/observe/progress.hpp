// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <cano/detail/text.hpp>
#include <cano/duration.hpp>
#include <cano/observe/detail/terminal.hpp>

namespace cano {

/// The counters that `Progress` shows.
struct ProgressCounts {
  std::size_t total = 0;      ///< Instances in the batch.
  std::size_t completed = 0;  ///< Reached an exit state.
  std::size_t failed = 0;     ///< Ended with an error.
  std::size_t cancelled = 0;  ///< Stopped before their end.
  Duration elapsed{};         ///< Since the batch began.

  /// Those that have ended, however.
  std::size_t finished() const noexcept { return completed + failed + cancelled; }
  /// Those that have not.
  std::size_t running() const noexcept { return total - std::min(total, finished()); }
};

/// How a `Progress` looks.
struct ProgressOptions {
  std::string label = "progress";                          ///< The text before the figures.
  std::optional<bool> terminal{};                          ///< Unset: whether the stream is one.
  Duration redraw_every = std::chrono::milliseconds{100};  ///< On a terminal, by `elapsed`.
};

/// Shows how far a batch has come:
///
///     orders  40 % of 1000: 395 done, 5 failed, 600 running, 80.0/s, 8 s left
///
/// On a terminal it redraws one line. Elsewhere it writes a plain line each time another tenth has
/// finished, at most eleven in all. One `Progress` shows one batch after the other.
///
///     Progress progress{std::cerr, {.label = "orders"}};
///     orders.with_progress(std::ref(progress));
///
/// **Threads.** Distinct objects: safe on distinct streams. Shared objects: safe.
/// **Lifetime.** The stream must outlive it.
class Progress {
 public:
  /// Shows nothing yet.
  explicit Progress(std::ostream& stream = std::cerr, ProgressOptions options = {})
      : stream_{stream},
        options_{std::move(options)},
        terminal_{options_.terminal.value_or(detail::is_terminal(stream))} {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { end_line(); }

  /// Shows the counters, if it is time to. The line is ended when all have finished; what comes
  /// then is another batch.
  void update(const ProgressCounts& counts) {
    const std::lock_guard lock{mutex_};
    if (over_ && repeats_the_end(counts)) return;
    if (over_ || goes_back(counts)) begin();
    last_ = counts;
    if (!is_due(counts)) return;
    over_ = counts.running() == 0;
    const std::string text = line_of(counts);
    if (terminal_) {
      // A line that is wider than the terminal is cut there: wrapped, it could not be redrawn.
      stream_ << "\r\x1b[?7l" << text << "\x1b[K\x1b[?7h";
      line_open_ = true;
      if (over_) end_line();
    } else {
      stream_ << text << '\n';
    }
    stream_.flush();
  }

  /// The same with the status of a batch.
  template <class Status>
    requires requires(const Status& s) { s.total_workflows + s.completed + s.failed + s.cancelled; }
  void operator()(const Status& status) {
    update({.total = status.total_workflows,
            .completed = status.completed,
            .failed = status.failed,
            .cancelled = status.cancelled,
            .elapsed = status.elapsed});
  }

 private:
  // One batch after the other may be shown. That another one has begun is seen by its counters; the
  // last ones of a batch may come twice.
  bool goes_back(const ProgressCounts& counts) const noexcept {
    return counts.total != last_.total || counts.elapsed < last_.elapsed ||
           counts.completed < last_.completed || counts.failed < last_.failed ||
           counts.cancelled < last_.cancelled;
  }
  bool repeats_the_end(const ProgressCounts& counts) const noexcept {
    return counts.running() == 0 && counts.total > 1 && counts.elapsed > last_.elapsed &&
           !goes_back(counts);
  }
  void begin() {
    end_line();
    over_ = false;
    shown_.reset();
    tenths_ = -1;
  }

  bool is_due(const ProgressCounts& counts) {
    if (terminal_) {
      if (shown_ && counts.running() != 0 && counts.elapsed - *shown_ < options_.redraw_every) {
        return false;
      }
      shown_ = counts.elapsed;
      return true;
    }
    const auto tenth = static_cast<int>(10.0 * share(counts));
    return std::exchange(tenths_, std::max(tenths_, tenth)) < tenth;
  }

  static double share(const ProgressCounts& counts) {
    if (counts.running() == 0) return 1.0;
    return static_cast<double>(counts.finished()) / static_cast<double>(counts.total);
  }

  std::string line_of(const ProgressCounts& counts) const {
    std::string line = detail::one_line(options_.label);
    line.append("  ").append(std::to_string(static_cast<int>(100.0 * share(counts))));
    line.append(" % of ").append(std::to_string(counts.total)).append(": ");
    line.append(std::to_string(counts.completed)).append(" done, ");
    line.append(std::to_string(counts.failed)).append(" failed, ");
    if (counts.cancelled != 0) {
      line.append(std::to_string(counts.cancelled)).append(" cancelled, ");
    }
    line.append(std::to_string(counts.running())).append(" running");
    const double seconds = std::chrono::duration<double>(counts.elapsed).count();
    if (seconds <= 0.0 || counts.finished() == 0) return line;
    const double rate = static_cast<double>(counts.finished()) / seconds;
    line.append(", ").append(with_one_decimal(rate)).append("/s");
    if (counts.running() == 0) return line + ", took " + time_text(seconds);
    return line + ", " + time_text(static_cast<double>(counts.running()) / rate) + " left";
  }

  static std::string with_one_decimal(double number) {
    char digits[400];
    const auto end =
        std::to_chars(digits, digits + sizeof digits, number, std::chars_format::fixed, 1);
    return {digits, end.ptr};
  }

  // "8 s", "3 min 20 s" or "2 h 5 min"
  static std::string time_text(double seconds) {
    if (seconds >= 1e9) return "years";
    const auto whole = static_cast<std::int64_t>(std::ceil(seconds));
    const auto two = [](std::int64_t big, std::string_view unit, std::int64_t small,
                        std::string_view small_unit) {
      std::string text = std::to_string(big).append(unit);
      if (small != 0) text.append(" ").append(std::to_string(small)).append(small_unit);
      return text;
    };
    if (whole >= 3600) return two(whole / 3600, " h", whole % 3600 / 60, " min");
    if (whole >= 60) return two(whole / 60, " min", whole % 60, " s");
    return std::to_string(whole) + " s";
  }

  void end_line() {
    if (std::exchange(line_open_, false)) (stream_ << '\n').flush();
  }

  std::ostream& stream_;
  ProgressOptions options_;
  bool terminal_;
  std::mutex mutex_;
  ProgressCounts last_;
  std::optional<Duration> shown_;  // on a terminal: when it was last drawn
  int tenths_ = -1;                // elsewhere: how many were last shown
  bool line_open_ = false;
  bool over_ = false;
};

}  // namespace cano
