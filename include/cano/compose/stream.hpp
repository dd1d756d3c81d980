// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <cano/compose/detail/branch_slot.hpp>
#include <cano/compose/detail/branch_work.hpp>
#include <cano/compose/detail/stream_item.hpp>
#include <cano/compose/detail/stream_task.hpp>
#include <cano/compose/detail/stream_types.hpp>
#include <cano/compose/detail/window_task.hpp>
#include <cano/compose/stream_options.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/state.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_config.hpp>

namespace cano {

/// Reads a source item by item, works on each, and flushes the results in windows. A task:
///
///     .add(State::Import, stream(open_file, parse, save, {.window = {.count = 500, .within = 1s}})
///                             .at_end(State::Report),
///          TaskConfig{}.with_fixed_retry(3, 1s))
///
/// - `open(Store&)` or `open(Store&, std::optional<Cursor>)` returns the source, or a pointer to
///   it. Its `next()` gives a `std::optional` of an item: nothing at its end.
/// - `item(const Item&)`, which may take the store before that, returns the result of one.
/// - `flush(Store&, std::span<R>)` gets the results of a window, which it may move out. It returns
/// a
///   `std::optional` of what a task returns: nothing to go on, or where the run goes on instead of
///   reading more. With `at_end` it may return nothing at all.
///
/// Each of them may take a `TaskContext&` last, and may be plain or return an `Async` or an
/// `asio::awaitable`. A window has at least one result. Its time begins with its first item, and
/// when that is over it is flushed though the source is slow: the read that waits goes on
/// meanwhile.
///
/// At the end of the source what is left is flushed, and the run goes on in the state of `at_end`.
/// Without it `flush` decides: it is called once more with no results, and must say where.
///
/// A window that fails is retried as the `TaskConfig` given to `add` says: the source is opened
/// anew. Where it has a member `cursor()`, `open` gets what that said when the last window was
/// flushed, so that an item is flushed once unless a flush fails halfway; without one it starts
/// from the beginning. Without a config it is not retried. The attempt timeout of that config is
/// for each window, from the read of its first item, its timeout for all of them.
///
/// **Errors.** What the functions throw; of `item` as `StreamOptions::on_item_error` says.
/// `Error(Configuration)` when the source ends and nothing says where the run goes on, and for
/// options that cannot be.
/// **Cancellation.** In whichever function waits, and between items; a read that waits is joined,
/// results that are not flushed are dropped.
/// **Threads.** All of it on the run's executor, one at a time, but for a read that waits.
template <class Open, class Work, class Flush, class End = detail::NoFunction,
          class Skipped = detail::NoFunction>
class Stream {
 public:
  /// What `stream` makes.
  Stream(detail::StreamParts<Open, Work, Flush, Skipped> parts, End end)
      : parts_{std::move(parts)}, end_{std::move(end)} {}

  /// Where the run goes on when the source has ended and the last window is flushed.
  template <class State>
  [[nodiscard]] Stream<Open, Work, Flush, std::decay_t<State>, Skipped> at_end(
      State&& state) const {
    return {parts_, std::forward<State>(state)};
  }

  /// What gets the items that are left out, see `ItemErrors::skip`: a function of the store, the
  /// `const Item&` and the `const std::exception_ptr&` that says why. It may take a `TaskContext&`
  /// last and return nothing, or an `Async` or `asio::awaitable`. Without it each is a warning in
  /// the log.
  ///
  /// **Errors.** What it throws fails the window.
  template <class F>
  [[nodiscard]] Stream<Open, Work, Flush, End, std::decay_t<F>> on_skipped(F&& keep) const {
    return {{parts_.open, parts_.work, parts_.flush, std::forward<F>(keep), parts_.options}, end_};
  }

  /// The task that it is in a workflow of that state and store; `config` is for each window.
  template <class State, class Store>
  auto bind_with(const State& state, const TaskConfig& config) const {
    using Opened = detail::OpenReturns<Open, Store>;
    constexpr bool is_opened = !std::same_as<Opened, detail::NotCallable>;
    static_assert(is_opened,
                  "cano: the first function of stream takes the workflow's Store& or const Store&, "
                  "and may take a std::optional<Cursor> and a TaskContext& after it");
    if constexpr (is_opened) {
      using Source = detail::KeptSource<Opened>;
      static_assert(detail::SourceLike<Source>,
                    "cano: the first function of stream returns a source: an object, or a pointer "
                    "to one, with a member next()");
      if constexpr (detail::SourceLike<Source>) return bind_source<State, Store>(state, config);
    }
  }

 private:
  template <class State, class Store>
  auto bind_source(const State& state, const TaskConfig& config) const {
    using Source = detail::KeptSource<detail::OpenReturns<Open, Store>>;
    using Next = detail::BranchValue<detail::NextReturns<Source>>;
    constexpr bool gives_items = detail::OptionalTraits<Next>::value;
    static_assert(gives_items,
                  "cano: next() of the source of a stream gives a std::optional of an item, plain "
                  "or in an Async or asio::awaitable: nothing means the end");
    if constexpr (gives_items) {
      using Item = typename detail::OptionalTraits<Next>::value_type;
      using Worked = detail::ItemWorkReturns<Work, Store, Item>;
      constexpr bool is_worked_on = !std::same_as<Worked, detail::NotCallable>;
      static_assert(is_worked_on,
                    "cano: the second function of stream takes a const Item&, or the store and a "
                    "const Item&, and may take a TaskContext& last");
      if constexpr (is_worked_on) return bind_flush<State, Store>(state, config);
    }
  }

  template <class State, class Store>
  auto bind_flush(const State& state, const TaskConfig& config) const {
    using Types = detail::StreamTypes<Store, Open, Work, Flush>;
    constexpr bool is_called = !std::same_as<typename Types::FlushReturns, detail::NotCallable>;
    static_assert(is_called,
                  "cano: the third function of stream takes the store and a std::span of what the "
                  "second one gives, and may take a TaskContext& last");
    if constexpr (is_called) {
      constexpr bool has_end = std::convertible_to<End, State>;
      constexpr bool leads_on = answers<Types, State>() ||
                                (has_end && std::same_as<typename Types::Answer, std::monostate>);
      static_assert(has_end || std::same_as<End, detail::NoFunction>,
                    "cano: at_end of a stream takes a state of the workflow");
      static_assert(
          leads_on,
          "cano: the third function of stream returns a std::optional of the next state, "
          "plain or in an Async or asio::awaitable: nothing means go on; with .at_end(...) "
          "it may return void");
      if constexpr (leads_on) {
        std::optional<State> end;
        if constexpr (has_end) end.emplace(end_);
        return detail::StreamTask<State, Store, Open, Work, Flush, Skipped>{
            state_name(state), parts_, std::move(end), config};
      }
    }
  }

  template <class Types, class State> static consteval bool answers() {
    if constexpr (Types::answers) {
      return detail::OutcomeOf<typename Types::Outcome, State>;
    } else {
      return false;
    }
  }

  detail::StreamParts<Open, Work, Flush, Skipped> parts_;
  End end_;
};

namespace detail {

inline void check(const StreamOptions& options) {
  if (options.window.count && *options.window.count == 0) {
    throw Error{Errc::Configuration, "stream: the count of a window must be at least 1"};
  }
  if (options.window.within && *options.window.within <= Duration::zero()) {
    throw Error{Errc::Configuration, "stream: the time of a window must be positive"};
  }
}

}  // namespace detail

/// Makes a `Stream` of how its source is opened, the work on an item, and what becomes of a window.
///
/// **Errors.** `Error(Configuration)` for a window of no results or of no time.
template <class Open, class Work, class Flush>
Stream<std::decay_t<Open>, std::decay_t<Work>, std::decay_t<Flush>> stream(
    Open&& open, Work&& item, Flush&& flush, StreamOptions options = {}) {
  detail::check(options);
  return {{std::forward<Open>(open),
           std::forward<Work>(item),
           std::forward<Flush>(flush),
           {},
           std::move(options)},
          {}};
}

}  // namespace cano
