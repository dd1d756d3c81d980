// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/compose/branch_result.hpp>
#include <cano/compose/detail/branch_group.hpp>
#include <cano/compose/detail/branch_work.hpp>
#include <cano/engine/detail/run_identity.hpp>
#include <cano/engine/detail/run_part.hpp>
#include <cano/engine/detail/stop_request.hpp>
#include <cano/observe/event.hpp>
#include <cano/time/clock.hpp>
#include <cano/workflow/detail/definition.hpp>
#include <cano/workflow/detail/run_driver.hpp>
#include <cano/workflow/detail/run_event.hpp>

namespace cano::detail {

/// The run of a branch: one task, with its retries and limits, on a slot as its store.
template <class Slot>
class BranchRun final : public BranchRunBase, public RunDriver<BranchState, Slot> {
 public:
  using SlotType = Slot;
  using Value = typename Slot::Value;
  using DefinitionType = Definition<BranchState, Slot>;

  explicit BranchRun(BranchGroup& group)
      : RunDriver<BranchState, Slot>{group.parent().loop(), &group.parent()}, group_{&group} {}

  /// What it will work on.
  void prepare(const DefinitionType& definition, Slot slot, BranchResult<Value>& result,
               RunPart part) {
    slot_ = slot;
    result_ = &result;
    auto& run = this->set_up(definition, slot_, RunInfo{}, run_id_, Clock::of(this->loop()),
                             group_->now(), this->scope(), stop_);
    part.deadline = group_->deadline();
    run.part_of(group_->whole(), part);
  }

 private:
  bool start() override {
    if (RunIdentity* const observed = group_->observed()) {
      observed->reporter().branch_started(observed->visit(), result_->name(), part(),
                                          group_->now());
    }
    return !this->drive(Event::Started);
  }

  bool keep_result() override {
    auto& run = this->run_under_way();
    const Outcome outcome = run.outcome();
    result_->ended(outcome, run.take_failure(), run.attempts(),
                   group_->read_clock() - run.started());
    if (RunIdentity* const observed = group_->observed()) {
      observed->reporter().branch_finished(observed->visit(), result_->name(), part(), outcome,
                                           result_->error_message(), result_->attempts(),
                                           result_->elapsed(), group_->now());
    }
    this->drop_run();
    this->scope().reset();
    this->throw_if_cancelled(true);
    return outcome == Outcome::Success;
  }
  const RunPart& part() { return this->run_under_way().part(); }
  void cancel_run() noexcept override { this->cancel(StopReason::Stop); }
  void ended() override { group_->branch_ended(*this); }

  BranchGroup* group_;
  Slot slot_;
  BranchResult<Value>* result_ = nullptr;
  std::string run_id_;
  StopRequest stop_;
};

}  // namespace cano::detail
