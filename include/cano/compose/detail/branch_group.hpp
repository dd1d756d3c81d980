// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <cstddef>
#include <optional>
#include <utility>

#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/waiter.hpp>
#include <cano/compose/detail/join_rule.hpp>
#include <cano/compose/join.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/run_base.hpp>
#include <cano/engine/detail/run_identity.hpp>
#include <cano/task/task_context.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

class BranchGroup;

/// The run of one branch, whatever it works on: a place in the list of those under way.
class BranchRunBase {  // NOLINT(*-virtual-class-destructor): owned as what it is, a final class
 public:
  BranchRunBase() = default;
  BranchRunBase(const BranchRunBase&) = delete;
  BranchRunBase& operator=(const BranchRunBase&) = delete;

 protected:
  virtual ~BranchRunBase() = default;

 private:
  friend class BranchGroup;

  /// Starts it. Whether it waits; otherwise it has ended.
  virtual bool start() = 0;
  /// It has ended: keeps what came of it. Whether that is a success.
  virtual bool keep_result() = 0;
  virtual void cancel_run() noexcept = 0;

  BranchRunBase* previous_ = nullptr;
  BranchRunBase* next_ = nullptr;
};

/// A coroutine's wait for branches: starts them in order, so many at a time, and goes on when their
/// join is decided and all that were started have ended.
///
/// It is in the coroutine's frame; all of it belongs to the coroutine's loop.
class BranchGroup : public Cancellable {
 public:
  BranchGroup(const BranchGroup&) = delete;
  BranchGroup& operator=(const BranchGroup&) = delete;

  // ---- for the awaiter

  /// Whether the coroutine has to wait.
  bool start(std::coroutine_handle<> coroutine) {
    coroutine_ = coroutine;
    CancellationScope& scope = parent_->scope();
    scope.wait_begins(*this);
    // One that goes on although it is cancelled, to clean up, may wait, and so may its branches.
    if (scope.is_cancelled() && parent_->throws_if_cancelled()) is_over_ = true;
    if (limit_.duration && !is_over_) limit_.start();
    start_more();
    if (!is_done()) return true;
    end();
    return false;
  }

  /// After the wait: whether the join holds.
  bool holds() const noexcept { return rule_.holds(); }
  const JoinRule& rule() const noexcept { return rule_; }
  bool timed_out() const noexcept { return limit_.has_passed; }

  // ---- for the branches

  /// One that waited has ended. The last thing that it does.
  void branch_ended(BranchRunBase& branch) {
    unlink(branch);
    count(branch);
    go_on();
  }

  Environment& parent() const noexcept { return *parent_; }
  /// The run of which the branches are parts.
  RunBase& whole() const noexcept { return *whole_; }
  /// The run whose observers see the branches; null without observers.
  RunIdentity* observed() const noexcept { return observed_; }
  /// When the join's limit passes; the end of time without one.
  steady_time deadline() const noexcept {
    return limit_.duration ? limit_.deadline : steady_time::max();
  }
  /// Where one branch ends and the next begins: the clock costs 20 ns.
  steady_time now() const noexcept { return now_; }
  steady_time read_clock() noexcept { return now_ = parent_->loop().now(); }

 protected:
  BranchGroup(Environment& parent, const TaskContext& context, const Join& join,
              std::size_t branches, std::size_t max_in_flight)
      : parent_{&parent},
        whole_{&RunAccess::run(context)},
        observed_{whole_->observed_run()},
        rule_{join.rule(branches)},
        max_in_flight_{max_in_flight},
        keeps_going_{join.keeps_going()} {
    limit_.duration = join.limit();
  }
  ~BranchGroup() { parent_->loop().remove(limit_); }

  /// The run of the branch of that index, ready to start.
  virtual BranchRunBase& prepare(std::size_t index) = 0;
  /// One that has ended, for another branch; null where there is none.
  BranchRunBase* take_unused() noexcept {
    BranchRunBase* const run = unused_;
    if (run != nullptr) unused_ = run->next_;
    return run;
  }

  void cancel() noexcept override { stop(); }
  Wait describe() const noexcept override { return {WaitKind::Children}; }

 private:
  // The branches that are started before this group yields to others on the loop.
  static constexpr std::size_t branches_per_round = 64;

  // The yield of this group on the loop, when it has started many branches that did not wait.
  struct Yield final : Waiter {
    explicit Yield(BranchGroup& owner) noexcept : group{&owner} {}
    void wake() override { group->go_on(); }
    void drop() noexcept override { group->parent_->wait_lost(); }
    BranchGroup* group;
  };

  // As a limit it comes behind what ends at that very moment, which still counts.
  struct Limit final : Sleeper {
    explicit Limit(BranchGroup& owner) noexcept : Sleeper{true}, group{&owner} {}
    void start() {
      Loop& loop = group->parent_->loop();
      deadline = saturating_add(loop.now(), *duration);
      loop.add(*this);
    }
    void expire() override { group->parent_->loop().push(*this); }
    void wake() override { group->limit_passed(); }
    void drop() noexcept override { group->parent_->wait_lost(); }

    BranchGroup* group;
    std::optional<Duration> duration{};
    bool has_passed = false;
  };

  void go_on() {
    start_more();
    if (!is_done()) return;
    end();
    parent_->wait_ended(coroutine_);
  }

  void start_more() {
    read_clock();
    for (std::size_t started = 0; has_next() && running_ < max_in_flight_; ++started) {
      if (started == branches_per_round) {
        if (!yield_.is_queued()) parent_->loop().push(yield_);
        return;
      }
      BranchRunBase& branch = prepare(next_++);
      if (!branch.start()) {
        count(branch);
        continue;
      }
      link(branch);
      if (is_over_) branch.cancel_run();  // while it was started, and not among the others yet
    }
  }

  bool has_next() const noexcept { return !is_over_ && next_ < rule_.total(); }
  bool is_done() const noexcept { return running_ == 0 && !has_next(); }

  void end() noexcept {
    parent_->loop().remove(limit_);
    parent_->scope().wait_ends();
  }

  void count(BranchRunBase& branch) {
    const bool has_succeeded = branch.keep_result();
    branch.next_ = unused_;
    unused_ = &branch;
    if (is_over_) return;  // it is decided: what comes late changes nothing
    if (has_succeeded) {
      rule_.succeeded();
    } else {
      rule_.failed();
    }
    if (!keeps_going_ && rule_.is_decided()) stop();
  }

  // Starts no more, and cancels those under way.
  void stop() noexcept {
    if (std::exchange(is_over_, true)) return;
    for (BranchRunBase* branch = first_; branch != nullptr; branch = branch->next_)
      branch->cancel_run();
  }

  void limit_passed() {
    if (is_over_) return;
    limit_.has_passed = true;
    stop();
    if (is_done()) go_on();
  }

  void link(BranchRunBase& branch) noexcept {
    ++running_;
    branch.previous_ = nullptr;
    branch.next_ = first_;
    if (first_ != nullptr) first_->previous_ = &branch;
    first_ = &branch;
  }
  void unlink(BranchRunBase& branch) noexcept {
    --running_;
    (branch.previous_ != nullptr ? branch.previous_->next_ : first_) = branch.next_;
    if (branch.next_ != nullptr) branch.next_->previous_ = branch.previous_;
  }

  Environment* parent_;
  RunBase* whole_;
  RunIdentity* observed_;
  std::coroutine_handle<> coroutine_;
  JoinRule rule_;
  std::size_t max_in_flight_;
  std::size_t next_ = 0;
  std::size_t running_ = 0;
  steady_time now_{};
  BranchRunBase* first_ = nullptr;  // of those under way
  BranchRunBase* unused_ = nullptr;
  Yield yield_{*this};
  Limit limit_{*this};
  bool keeps_going_;
  bool is_over_ = false;  // no more branches are started
};

/// `co_await group` in the coroutine of a composite.
template <class Group> class BranchGroupAwaiter {
 public:
  BranchGroupAwaiter(Environment&, Group& group) noexcept : group_{group} {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine) { return group_.start(coroutine); }
  void await_resume() const noexcept {}

 private:
  Group& group_;
};

}  // namespace cano::detail
