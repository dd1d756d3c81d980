// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/frame_pool.hpp>
#include <cano/async/detail/on_demand.hpp>
#include <cano/detail/failure_kind.hpp>
#include <cano/error.hpp>
#include <cano/limit/circuit_breaker.hpp>
#include <cano/limit/limit.hpp>

namespace cano::detail {

/// The permits and calls that an attempt holds of its limits and breakers: given back when it is
/// destroyed. An attempt whose end was not reported was cancelled.
///
/// The engine reaches it through virtual functions alone: a program without limits compiles none.
class AttemptPass : public Pooled {
 public:
  AttemptPass() = default;
  AttemptPass(const AttemptPass&) = delete;
  AttemptPass& operator=(const AttemptPass&) = delete;
  virtual ~AttemptPass() = default;

  virtual void succeeded() = 0;
  /// Whether failures are of interest.
  virtual bool wants_failure() const noexcept = 0;
  virtual void failed(FailureKind kind, const std::exception_ptr& why) = 0;
};

/// The limits and breakers that attempts have to pass before they begin.
class AttemptGate {
 public:
  AttemptGate() = default;
  AttemptGate& operator=(const AttemptGate&) = delete;
  virtual ~AttemptGate() = default;

  /// What can be had without a wait. Both throw where the attempt may not begin.
  struct Begun {
    std::unique_ptr<AttemptPass> pass;
    bool is_complete;
  };
  virtual Begun try_pass() const = 0;
  /// The rest.
  virtual Async<std::unique_ptr<AttemptPass>> wait_for(
      std::unique_ptr<AttemptPass> begun) const = 0;

 protected:
  AttemptGate(const AttemptGate&) = default;
};

/// An `AttemptPass` with its permits and calls.
class LimitPass final : public AttemptPass {
 public:
  void succeeded() override {
    for (CircuitBreaker::Call& call : calls)
      call.succeeded();
  }
  bool wants_failure() const noexcept override { return !calls.empty(); }
  void failed(FailureKind kind, const std::exception_ptr& why) override {
    for (CircuitBreaker::Call& call : calls)
      call.failed(kind, why);
  }

  std::vector<Permit> permits;
  std::vector<CircuitBreaker::Call> calls;
};

/// The limits and circuit breakers of a task.
template <class = OnDemand> class LimitGateOf final : public AttemptGate {
 public:
  /// A copy of one that may be null, to be added to. There is no other kind of gate.
  static std::shared_ptr<LimitGateOf> copy_of(const AttemptGate* other) {
    return other != nullptr ? std::make_shared<LimitGateOf>(static_cast<const LimitGateOf&>(*other))
                            : std::make_shared<LimitGateOf>();
  }

  /// One that is there already is used twice as much: two waits for it could wait for each other.
  void add(std::shared_ptr<Limit> limit, const LimitUse& use) {
    if (!limit) throw Error{Errc::Configuration, "TaskConfig::with_limit: the limit is null"};
    const auto known = std::find_if(limits_.begin(), limits_.end(),
                                    [&](const Use& each) { return each.limit == limit; });
    LimitUse sum = use;
    limit->require_room_for(use.cost);
    if (known != limits_.end()) {
      sum.cost += known->use.cost;
      if (known->use.max_wait && (!sum.max_wait || *known->use.max_wait < *sum.max_wait))
        sum.max_wait = known->use.max_wait;
      limit->require_room_for(sum.cost);
      known->use = sum;
      return;
    }
    const std::uint64_t order = limit->order();
    const auto place = std::find_if(limits_.begin(), limits_.end(),
                                    [&](const Use& each) { return each.limit->order() > order; });
    limits_.insert(place, Use{std::move(limit), sum});
  }
  void add(std::shared_ptr<CircuitBreaker> breaker) {
    if (!breaker) {
      throw Error{Errc::Configuration, "TaskConfig::with_circuit_breaker: the breaker is null"};
    }
    breakers_.push_back(std::move(breaker));
  }

  Begun try_pass() const override {
    for (const auto& breaker : breakers_)
      breaker->throw_if_open();  // nothing is taken, or waited for, in vain
    auto passed = std::make_unique<LimitPass>();
    passed->permits.reserve(limits_.size());
    passed->calls.reserve(breakers_.size());
    for (const Use& each : limits_) {
      std::optional<Permit> permit = each.limit->try_acquire(each.use.cost);
      if (!permit) return {std::move(passed), false};
      passed->permits.push_back(*std::move(permit));
    }
    begin_calls(*passed);
    return {std::move(passed), true};
  }
  Async<std::unique_ptr<AttemptPass>> wait_for(std::unique_ptr<AttemptPass> begun) const override {
    auto& passed = static_cast<LimitPass&>(*begun);
    for (std::size_t i = passed.permits.size(); i < limits_.size(); ++i) {
      Async<Permit> acquires = limits_[i].limit->acquire(limits_[i].use);
      Permit permit = co_await std::move(acquires);
      passed.permits.push_back(std::move(permit));
    }
    begin_calls(passed);
    co_return std::move(begun);
  }

 private:
  struct Use {
    std::shared_ptr<Limit> limit;
    LimitUse use;
  };

  void begin_calls(LimitPass& passed) const {
    for (const auto& breaker : breakers_)
      passed.calls.push_back(breaker->begin());
  }

  std::vector<Use> limits_;  // by their order
  std::vector<std::shared_ptr<CircuitBreaker>> breakers_;
};

using LimitGate = LimitGateOf<>;

}  // namespace cano::detail
