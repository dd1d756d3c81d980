// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/coroutine_owner.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/error.hpp>

namespace cano::detail {

class RunBase;
struct UndoEntry;

/// How a task is undone, whatever its type.
class UndoTask {
 public:
  UndoTask() = default;
  UndoTask(const UndoTask&) = delete;
  UndoTask& operator=(const UndoTask&) = delete;
  virtual ~UndoTask() = default;

  /// The task has succeeded in the visit under way, on that store: the log of the run keeps it.
  /// `self` is this object.
  virtual void keep(RunBase& run, const std::shared_ptr<const UndoTask>& self,
                    void* store) const = 0;
  /// Undoes what `entry` says was done, with retries. Gives the last failure, or none.
  virtual Async<Failure> undo(RunBase& run, const UndoEntry& entry) const = 0;
  /// Undoes all that the run has done.
  virtual Async<void> undo_all(RunBase& run) const = 0;
};

/// The list of what a run has done and that can be undone, and what became of it: the part that
/// every run may meet. The rest is in `UndoList`, which only a program with such tasks has the code
/// of.
class UndoLog {
 public:
  UndoLog() = default;
  UndoLog(const UndoLog&) = delete;
  UndoLog& operator=(const UndoLog&) = delete;
  virtual ~UndoLog() = default;

  /// The coroutine that undoes all; `work()` is to keep it.
  virtual Async<void> start(RunBase& run) = 0;
  CoroutineOwner<void>& work() noexcept { return work_; }

  /// What is left cannot be undone.
  virtual void fail_all(const Failure& failure) = 0;
  /// What becomes of the failure of a run, or of none, when not all was undone. None: all was.
  virtual Failure end(const Failure& failure) = 0;
  /// The failure with which such a run ends, or none, with what has become of all.
  virtual Failure of_run(const Failure& failure) const = 0;

 private:
  CoroutineOwner<void> work_;
};

/// The store that a task worked on, and what keeps it where that is not the run's own.
struct UndoTarget {
  void* store = nullptr;
  std::shared_ptr<const void> kept{};
};

/// The target of a task over `Store`; specialised for what branches work on.
template <class Store> struct UndoTargetOf {
  static UndoTarget of(Store& store) { return {&store}; }
};

/// A visit to a state that has succeeded and can be undone.
struct UndoEntry {
  std::shared_ptr<const UndoTask> task;
  UndoTarget target;
  std::string name;   // "Charge"; "Check/stock" of a branch, "Pay/Charge" of a sub-workflow
  std::size_t index;  // of the state
};

/// The log of a run that has done something.
class UndoList final : public UndoLog {
 public:
  bool is_empty() const noexcept { return entries_.empty(); }

  void push(UndoEntry&& entry) {
    report_.done.push_back(entry.name);
    entries_.push_back(std::move(entry));
  }
  /// The last one first.
  UndoEntry pop() {
    UndoEntry last = std::move(entries_.back());
    entries_.pop_back();
    return last;
  }
  /// Those that were not undone, the oldest first, for another run.
  std::vector<UndoEntry> take() { return std::exchange(entries_, {}); }

  void undone(std::string&& name) { report_.undone.push_back(std::move(name)); }
  void failed(std::string&& name, Failure&& failure) {
    if (!failure_) failure_ = failure;
    text_ += (text_.empty() ? "the undo of " : "; the undo of ") + name + " failed: ";
    text_ += failure.message();
    report_.failed.push_back(std::move(name));
  }

  Async<void> start(RunBase& run) override { return entries_.back().task->undo_all(run); }
  void fail_all(const Failure& failure) override {
    while (!is_empty())
      failed(pop().name, Failure{failure});
  }
  Failure end(const Failure& failure) override {
    ended_with_ = failure;
    if (!failure_) return {};
    if (failure) {
      return failure_after(Errc::CompensationFailed, text_ + "; before that the run had ended with",
                           failure);
    }
    return failure_nesting(Errc::CompensationFailed, text_, failure_);
  }
  Failure of_run(const Failure& failure) const override {
    return Failure::of_undone_run(failure, ended_with_, report_);
  }

 private:
  std::vector<UndoEntry> entries_;  // the last one is undone first
  UndoReport report_;
  Failure ended_with_;  // the failure of the run, before anything was undone
  Failure failure_;     // the first of an undo
  std::string text_;    // of all
};

}  // namespace cano::detail
