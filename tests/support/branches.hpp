// SPDX-License-Identifier: MIT
#pragma once

// What the tests of composites share: a store with scripts of what branches do, and what became of
// them.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/compose/branch_result.hpp>
#include <cano/compose/join.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

namespace branches {

using namespace std::chrono_literals;
using cano::Async;
using cano::Join;
using cano::Outcome;
using engine::S;

/// What a branch does: it waits so long and succeeds or fails.
struct Script {
  std::chrono::milliseconds delay{};
  bool fails = false;
};

struct Desk {
  std::vector<Script> scripts;
  int under_way = 0;
  int most_under_way = 0;
  int started = 0;
  std::vector<Outcome> outcomes;
  std::vector<int> values;
  std::vector<std::string> log;
};

/// Counts the branches under way, however they end.
class UnderWay {
 public:
  explicit UnderWay(Desk& desk) : desk_{&desk} {
    ++desk.started;
    desk.most_under_way = std::max(desk.most_under_way, ++desk.under_way);
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() { --desk_->under_way; }

 private:
  Desk* desk_;
};

inline Async<int> follow(Desk& desk, Script script, int value) {
  const UnderWay counted{desk};
  if (script.delay > 0ms) co_await cano::sleep_for(script.delay);
  if (script.fails) throw std::runtime_error{"script " + std::to_string(value)};
  co_return value;
}

/// A join function that keeps the outcomes and values and says that no branch is left.
template <class T> S keep_outcomes(Desk& desk, std::span<cano::BranchResult<T>> results) {
  CHECK(desk.under_way == 0);
  for (std::size_t i = 0; i < results.size(); ++i) {
    CHECK(results[i].index() == i);
    desk.outcomes.push_back(results[i].outcome());
    if (results[i].is_success()) desk.values.push_back(results[i].value());
  }
  return S::Done;
}

using Flow = cano::Workflow<S, Desk>;

template <class Composite>
Flow flow_of(const Composite& composite, std::optional<cano::TaskConfig> config = {}) {
  return Flow{S::A}.add(S::A, composite, std::move(config)).add_exit_state(S::Done);
}

/// How a run ended, and when.
struct Ended {
  cano::WorkflowResult<S> result;
  cano::Duration after{};
};

template <class Composite>
Ended run(cano::VirtualTime& time, const Composite& composite, Desk& desk,
          cano::RunOptions options = {}) {
  const auto began = time.elapsed();
  auto result = time.run(flow_of(composite).try_orchestrate(desk, std::move(options)));
  CHECK(desk.under_way == 0);
  return {std::move(result), time.elapsed() - began};
}

/// What follows from the words of the documentation, worked out the slow way.
struct Expected {
  bool holds = false;
  std::chrono::milliseconds after{};
  std::vector<Outcome> outcomes;
};

enum class Rule { All, Any, Quorum, First, Settled };

inline bool rule_holds(Rule rule, std::size_t needed, const std::vector<Outcome>& outcomes) {
  const auto successes =
      static_cast<std::size_t>(std::count(outcomes.begin(), outcomes.end(), Outcome::Success));
  const std::size_t ended =
      outcomes.size() -
      static_cast<std::size_t>(std::count(outcomes.begin(), outcomes.end(), Outcome::Cancelled));
  switch (rule) {
    case Rule::All:
      return successes == outcomes.size();
    case Rule::Any:
      return successes >= 1;
    case Rule::Quorum:
      return successes >= needed;
    case Rule::First:
      return ended >= needed;
    case Rule::Settled:
      break;
  }
  return true;
}

/// Whether those that have not ended can change it: all of them may succeed, or all may fail.
inline bool is_decided(Rule rule, std::size_t needed, const std::vector<Outcome>& outcomes) {
  const auto with_rest = [&](Outcome rest) {
    std::vector<Outcome> all = outcomes;
    std::replace(all.begin(), all.end(), Outcome::Cancelled, rest);
    return rule_holds(rule, needed, all);
  };
  if (std::find(outcomes.begin(), outcomes.end(), Outcome::Cancelled) == outcomes.end())
    return true;
  if (rule == Rule::Settled) return false;
  const bool now = rule_holds(rule, needed, outcomes);
  return now == with_rest(Outcome::Success) && now == with_rest(Outcome::Failed);
}

inline Expected expect(Rule rule, std::size_t needed, const std::vector<Script>& scripts,
                       std::optional<std::chrono::milliseconds> limit, bool keeps_going) {
  Expected expected;
  expected.outcomes.assign(scripts.size(), Outcome::Cancelled);
  std::vector<std::size_t> order(scripts.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return scripts[a].delay != scripts[b].delay ? scripts[a].delay < scripts[b].delay : a < b;
  });
  for (const std::size_t i : order) {
    if (!keeps_going && is_decided(rule, needed, expected.outcomes)) break;
    if (limit && scripts[i].delay > *limit) {
      expected.after = *limit;
      break;
    }
    expected.after = scripts[i].delay;
    expected.outcomes[i] = scripts[i].fails ? Outcome::Failed : Outcome::Success;
  }
  expected.holds = rule_holds(rule, needed, expected.outcomes);
  return expected;
}

}  // namespace branches
