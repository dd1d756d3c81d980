// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/engine/detail/run_limits.hpp>
#include <cano/engine/detail/run_part.hpp>
#include <cano/engine/detail/run_reporter.hpp>
#include <cano/engine/detail/state_info.hpp>
#include <cano/engine/detail/undo_log.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/field.hpp>
#include <cano/observe/level.hpp>
#include <cano/time/clock.hpp>

namespace cano::detail {

/// A run among the runs: its id and state, which run it is a part of, its observers, the limits
/// in force, and what it has done that can be undone. A part, such as a branch of a split, has the
/// id, the observers and the limits of the whole too.
class RunIdentity {
 public:
  RunIdentity(const RunIdentity&) = delete;
  RunIdentity& operator=(const RunIdentity&) = delete;

  /// Makes it a part of another run, whose task waits for it.
  void part_of(RunIdentity& whole, RunPart part) noexcept {
    whole_ = &whole;
    part_ = part;
  }
  bool is_part() const noexcept { return whole_ != nullptr; }
  const RunPart& part() const noexcept { return part_; }

  std::string_view run_id() const {
    return whole_ != nullptr ? whole_->run_id() : reporter_.run_id();
  }
  std::size_t instance_id() const noexcept {
    return whole_ != nullptr ? whole_->instance_id() : reporter_.instance_id();
  }
  /// The branch that it is; empty where it is none.
  std::string branch() const {
    if (part_.kind == RunPart::Kind::Item) return "item " + std::to_string(part_.index);
    if (part_.kind == RunPart::Kind::Branch) return visit_.state->name;
    return whole_ != nullptr ? whole_->branch() : std::string{};
  }
  /// "state Charge", "branch fraud", "item 3", "the undo of Charge".
  std::string where() const {
    if (part_.kind == RunPart::Kind::Undo) return "the undo of " + visit_.state->name;
    if (!is_branch()) return "state " + visit_.state->name;
    std::string name = branch();
    const bool says_so = part_.kind == RunPart::Kind::Item || name.starts_with("branch ");
    return says_so ? name : "branch " + std::move(name);
  }

  const Visit& visit() const noexcept { return visit_; }
  steady_time now() const noexcept { return reporter_.clock().now(); }

  // ---- observers

  RunReporter& reporter() noexcept { return reporter_; }
  const RunReporter& reporter() const noexcept { return reporter_; }
  bool is_observed() const noexcept { return reporter_.observers() != nullptr; }
  /// The innermost run that it is or is part of and that is observed; null where none is.
  RunIdentity* observed_run() noexcept {
    RunIdentity* run = this;
    while (run != nullptr && !run->is_observed())
      run = run->whole_;
    return run;
  }
  /// Whether any observer receives what is logged.
  bool is_heard() const noexcept {
    return is_observed() || (whole_ != nullptr && whole_->is_heard());
  }
  /// From any thread, while an attempt is under way.
  void log(Level level, std::string_view message, std::span<const Field> fields) const {
    if (is_observed()) return reporter_.log(visit_, level, message, fields);
    if (whole_ == nullptr) return;
    if (!is_branch()) return whole_->log(level, message, fields);
    std::vector<Field> all{fields.begin(), fields.end()};
    all.emplace_back("branch", branch());
    whole_->log(level, message, all);
  }

  // ---- limits

  /// The time left until the nearest limit of the run or of those that it is part of.
  std::optional<Duration> remaining() const {
    steady_time deadline = std::min(nearest_limit().deadline, part_.deadline);
    const RunIdentity* outer = part_.kind == RunPart::Kind::Undo ? nullptr : whole_;
    for (; outer != nullptr; outer = outer->whole_)
      deadline = std::min({deadline, outer->nearest_limit().deadline, outer->part_.deadline});
    if (deadline == steady_time::max()) return std::nullopt;
    return saturating_between(now(), deadline);
  }
  /// The limit that passes first, of those in force now.
  RunLimits::Nearest nearest_limit() const noexcept {
    return limits_ ? limits_->nearest() : RunLimits::Nearest{};
  }
  /// Whether there has been any limit.
  bool is_limited() const noexcept { return limits_ != nullptr; }
  /// The limit that has passed at that time.
  StopReason limit_at(steady_time time) const noexcept {
    const RunLimits::Nearest limit = nearest_limit();
    return limit.reason != StopReason::None && time >= limit.deadline ? limit.reason
                                                                      : StopReason::None;
  }
  /// "timeout of 250 ms"; there has been one.
  std::string describe_limit(StopReason limit) const { return limits_->describe(limit); }

  // ---- failure edges, and what can be undone

  /// What has led to the visit over a failure edge; none otherwise.
  const Failure& led_here() const noexcept {
    const bool is_own = whole_ == nullptr || part_.kind == RunPart::Kind::Undo;
    return is_own ? led_here_ : whole_->led_here();
  }
  void set_led_here(const Failure& failure) noexcept { led_here_ = failure; }
  void forget_what_led_here() noexcept { led_here_ = {}; }

  /// Whether it has done anything that can be undone.
  bool has_undo_log() const noexcept { return undo_log_ != nullptr; }
  /// The state of the undo; there is one.
  UndoLog& undo_log() const noexcept { return *undo_log_; }
  /// What has been done that can be undone: one list for the whole and all its parts.
  UndoList& undo_list() {
    if (whole_ != nullptr) return whole_->undo_list();
    if (!undo_log_) undo_log_ = std::make_unique<UndoList>();
    return static_cast<UndoList&>(*undo_log_);
  }
  /// The visit has succeeded, and can be undone.
  void push_undo(const std::shared_ptr<const UndoTask>& task, UndoTarget&& target) {
    undo_list().push({task, std::move(target), undo_name(), state_index()});
  }
  /// What another run has done that is part of this visit, with what it worked on.
  void adopt_undo(std::vector<UndoEntry> entries, const std::shared_ptr<const void>& store) {
    for (UndoEntry& entry : entries) {
      using Both = std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>;
      entry.target.kept = std::make_shared<Both>(std::move(entry.target.kept), store);
      entry.name = undo_name() + '/' + entry.name;
      entry.index = state_index();
      undo_list().push(std::move(entry));
    }
  }

 protected:
  RunIdentity(const RunInfo& info, std::string& run_id, Clock clock, const ObserverList& observers)
      : reporter_{info, run_id, clock, observers} {}
  ~RunIdentity() = default;

  RunLimits& limits() {
    if (!limits_) limits_ = std::make_unique<RunLimits>();
    return *limits_;
  }

  RunReporter reporter_;
  Visit visit_;
  Failure led_here_;                   // see `led_here`
  std::unique_ptr<RunLimits> limits_;  // null when nothing has been limited yet

 private:
  bool is_branch() const noexcept {
    return part_.kind == RunPart::Kind::Branch || part_.kind == RunPart::Kind::Item;
  }
  // "Check", "Check/fraud", "Quote/item 3".
  std::string undo_name() const {
    if (whole_ == nullptr) return visit_.state->name;
    return is_branch() ? whole_->undo_name() + '/' + branch() : whole_->undo_name();
  }
  std::size_t state_index() const noexcept {
    return whole_ != nullptr ? whole_->state_index() : visit_.state->index;
  }

  RunIdentity* whole_ = nullptr;  // of which it is a part
  RunPart part_;
  std::unique_ptr<UndoLog> undo_log_;  // null when nothing has been done that can be undone
};

}  // namespace cano::detail
