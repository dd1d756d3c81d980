// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <functional>
#include <iostream>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/observe/describe.hpp>
#include <cano/observe/detail/file_name.hpp>
#include <cano/observe/detail/log_line.hpp>
#include <cano/observe/detail/terminal.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/observe/log_filter.hpp>
#include <cano/observe/observer.hpp>

namespace cano {

/// How a `LogObserver` writes a line.
enum class LogFormat {
  Text,  ///< For people.
  Json,  ///< For programs: one object a line.
};

/// What a `LogObserver` writes, and how.
struct LogOptions {
  LogFilter filter = LogFilter::from_environment();  ///< Which lines.
  LogFormat format = LogFormat::Text;                ///< What a line looks like.
  std::optional<bool> colour{};  ///< Unset: only on a terminal, and not with `NO_COLOR`.
  /// The time of a line. Unset: when it happened, by the clock of the run or the scheduler, which
  /// under `VirtualTime` is that one's.
  std::function<system_time()> clock{};
};

/// Writes what happens as log lines, each under the span, run, state and attempt it belongs to:
///
///     2026-03-01T08:30:00.000000Z  INFO orders{user_id=7}:run{id="5f3c01-12"}:state{name="Pay"
///     attempt=1}: app: Card charged cents=1999
///
/// (on one line). `CANO_LOG` selects what is written, see `LogFilter`; without it Info and above.
/// If it is wrong, the first lines say so. An event is one line whatever its strings hold: control
/// characters are escaped, what is not UTF-8 is replaced.
///
///     workflow.with_observer(std::make_shared<LogObserver>());
///
/// A file that is rotated has to be opened anew, see `reopen()`: until then lines go to the file
/// that was moved away. (One that is truncated in place, as by `copytruncate` of logrotate, needs
/// that not; a line that is written between copy and truncation is lost then.)
///
/// **Errors.** `Error(Configuration)` when the file cannot be opened. A line that cannot be written
/// is counted, see `lost_lines()`.
/// **Threads.** Distinct objects: safe on distinct streams. Shared objects: safe.
/// **Lifetime.** The stream must outlive the observer.
class LogObserver final : public Observer {
 public:
  /// Writes to `std::clog`, that is standard error.
  explicit LogObserver(LogOptions options = {}) : LogObserver{std::clog, std::move(options)} {}

  /// Writes to a stream.
  explicit LogObserver(std::ostream& stream, LogOptions options = {})
      : options_{std::move(options)},
        stream_{&stream},
        colour_{options_.colour.value_or(detail::wants_colour(stream))} {
    warn_of_bad_filter();
  }

  /// Appends to a file, named by a string or a path, which is made when it does not exist.
  explicit LogObserver(const detail::FileName& file, LogOptions options = {})
      : options_{std::move(options)},
        path_{file.text()},
        file_{open(path_)},
        stream_{&file_},
        colour_{options_.colour.value_or(false)} {
    warn_of_bad_filter();
  }

  /// Opens the file anew, after it has been moved away: call it when the program learns that its
  /// logs have been rotated. On a stream it does nothing.
  ///
  ///     asio::signal_set signals{executor, SIGHUP};  // logrotate: postrotate kill -HUP
  ///     co_await signals.async_wait(asio::deferred);
  ///     log->reopen();
  ///
  /// **Errors.** `Error(Configuration)` when it cannot be opened: the observer goes on with the old
  /// file.
  void reopen() {
    if (path_.empty()) return;
    std::ofstream opened = open(path_);
    const std::lock_guard lock{mutex_};
    file_ = std::move(opened);
  }

  /// How many lines the stream refused, e.g. because the disk was full.
  std::size_t lost_lines() const noexcept { return lost_.load(std::memory_order_relaxed); }

  void on_run_started(const RunStarted& e) override { log(e); }
  void on_run_finished(const RunFinished& e) override { log(e); }
  void on_state_entered(const StateEntered& e) override { log(e); }
  void on_attempt_started(const AttemptStarted& e) override { log(e); }
  void on_attempt_succeeded(const AttemptSucceeded& e) override { log(e); }
  void on_attempt_failed(const AttemptFailed& e) override { log(e); }
  void on_attempt_cancelled(const AttemptCancelled& e) override { log(e); }
  void on_retry_pause(const RetryPause& e) override { log(e); }
  void on_edge_taken(const EdgeTaken& e) override { log(e); }
  void on_phase_started(const PhaseStarted& e) override { log(e); }
  void on_phase_finished(const PhaseFinished& e) override { log(e); }
  void on_branch_started(const BranchStarted& e) override { log(e); }
  void on_branch_finished(const BranchFinished& e) override { log(e); }
  void on_log(const LogRecord& e) override { log(e); }
  void on_batch_started(const BatchStarted& e) override { log(e); }
  void on_batch_finished(const BatchFinished& e) override { log(e); }
  void on_circuit_changed(const CircuitChanged& e) override { log(e); }
  void on_occurrence_due(const OccurrenceDue& e) override { log(e); }
  void on_occurrence_queued(const OccurrenceQueued& e) override { log(e); }
  void on_occurrence_started(const OccurrenceStarted& e) override { log(e); }
  void on_occurrence_finished(const OccurrenceFinished& e) override { log(e); }
  void on_occurrence_skipped(const OccurrenceSkipped& e) override { log(e); }

 private:
  template <class Event> void log(const Event& event) {
    const detail::EventHead head = detail::head_of(event);
    if (!options_.filter.enabled(head.target, head.level)) return;
    write(detail::wall_time_of(event), head, detail::fields_of(event));
  }

  static std::ofstream open(const std::string& path) {
    std::ofstream file{path, std::ios::app | std::ios::binary};
    if (!file) {
      throw Error{Errc::Configuration, "Cannot open the log file " + path + ": " +
                                           std::generic_category().message(errno)};
    }
    return file;
  }

  void warn_of_bad_filter() {
    for (const std::string& problem : options_.filter.problems()) {
      write(std::chrono::system_clock::now(),
            {"bad_log_filter", Level::Warn, "cano::observe", "Bad log filter"},
            {Field{"problem", problem}});
    }
  }

  void write(system_time at, const detail::EventHead& head, const std::vector<Field>& fields) {
    if (options_.clock) {
      at = options_.clock();
    } else if (at == system_time{}) {  // of an event that others have made
      at = std::chrono::system_clock::now();
    }
    const std::string line = options_.format == LogFormat::Json
                                 ? detail::json_line(at, head, fields)
                                 : detail::text_line(at, head, fields, colour_);
    const std::lock_guard lock{mutex_};
    stream_->write(line.data(), static_cast<std::streamsize>(line.size())).flush();
    if (*stream_) return;
    lost_.fetch_add(1, std::memory_order_relaxed);
    stream_->clear();  // the next line may fit
  }

  LogOptions options_;
  std::string path_;  // empty: it writes to a stream that it does not own
  std::ofstream file_;
  std::mutex mutex_;
  std::ostream* stream_;
  bool colour_;
  std::atomic<std::size_t> lost_{0};
};

}  // namespace cano
