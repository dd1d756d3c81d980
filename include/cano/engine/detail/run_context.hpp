// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <cano/async/detail/environment.hpp>
#include <cano/observe/detail/observer_list.hpp>
#include <cano/observe/detail/outer_run.hpp>
#include <cano/observe/event.hpp>
#include <cano/observe/span.hpp>

namespace cano::detail {

/// The observers, the span and the id that a run or a batch has from the run that started it. A
/// copy: a task group may go on when that run has ended.
struct RunContext {
  std::string parent_id;
  std::optional<Span> span;  // the parent's, where the workflow has none
  ObserverList observers;    // the parent's, where the workflow has none
  bool inherits_observers = false;

  /// Completes what a run says of itself, which must have its id by then. This must outlive it.
  void complete(RunInfo& info) const noexcept {
    if (info.run_id != parent_id) info.parent_id = parent_id;
    if (span) info.span = &*span;
    info.inherits_observers = inherits_observers;
  }
};

/// For a run that is started in `here` of a workflow with those observers and that span. Null where
/// there is nothing to have, as it is in every program that observes nothing.
inline std::unique_ptr<const RunContext> run_context(Environment& here, const ObserverList& own,
                                                     const Span* span) {
  OuterRun outer{.wants_id = !own.empty()};
  if (!here.find_outer_run(outer)) return nullptr;
  const bool inherits = own.empty() && outer.observers != nullptr;
  if (own.empty() && !inherits) return nullptr;
  auto context = std::make_unique<RunContext>();
  context->parent_id = outer.run_id;
  context->inherits_observers = inherits;
  if (inherits) context->observers = *outer.observers;
  if (span == nullptr && outer.span != nullptr) context->span = *outer.span;
  return context;
}

}  // namespace cano::detail
