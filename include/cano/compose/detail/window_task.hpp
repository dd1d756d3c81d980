// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/parallel_wait.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/async/yield_now.hpp>
#include <cano/compose/detail/branch_work.hpp>
#include <cano/compose/detail/read_ahead.hpp>
#include <cano/compose/detail/stream_item.hpp>
#include <cano/compose/detail/stream_types.hpp>
#include <cano/compose/stream_options.hpp>
#include <cano/duration.hpp>
#include <cano/engine/detail/failure.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/task_traits.hpp>
#include <cano/task/task_context.hpp>

namespace cano::detail {

/// One visit to the state of a stream: what is kept from window to window.
template <class Store, class Types> struct StreamVisit {
  StreamVisit(Store& store_of_run, Environment& environment) noexcept
      : store{&store_of_run}, read{environment} {}

  Store* store;
  std::optional<typename Types::Source> source{};    // none before the first window and a retry
  std::optional<typename Types::Cursor> flushed{};   // behind the last window that was flushed
  std::optional<typename Types::Cursor> position{};  // behind the one under way
  std::vector<typename Types::Value> values{};       // of the window under way
  steady_time window_ends = steady_time::max();
  std::optional<typename Types::Outcome> answer{};
  std::size_t items = 0;  // that were taken
  bool is_at_end = false;
  typename Types::Read read;  // refers to the source: destroyed before it
};

/// The functions and the options of a stream.
template <class Open, class Work, class Flush, class Skipped> struct StreamParts {
  Open open;
  Work work;
  Flush flush;
  Skipped on_skipped;
  StreamOptions options;
};

/// The values of a window side by side.
template <class Value> class FlatValues {
 public:
  explicit FlatValues(std::vector<Value>& values) noexcept : values_{values} {}
  std::span<Value> span() const noexcept { return values_; }

 private:
  std::span<Value> values_;
};
template <> class FlatValues<bool> {
 public:
  explicit FlatValues(const std::vector<bool>& values)
      : values_{std::make_unique<bool[]>(values.size())}, size_{values.size()} {
    std::copy(values.begin(), values.end(), values_.get());
  }
  std::span<bool> span() const noexcept { return {values_.get(), size_}; }

 private:
  std::unique_ptr<bool[]> values_;
  std::size_t size_;
};

/// One window of a stream, as the task of a run: it is what is retried.
template <class Store, class Open, class Work, class Flush, class Skipped> class WindowTask {
 public:
  using Types = StreamTypes<Store, Open, Work, Flush>;
  using Visit = StreamVisit<Store, Types>;
  using Item = typename Types::Item;
  using Value = typename Types::Value;
  using Parts = StreamParts<Open, Work, Flush, Skipped>;
  using NextReturned = typename Types::NextReturned;
  using FlushReturned = typename Types::FlushReturns;

  /// `asks_at_end`: whether nothing but the flush says where the run goes on at the end.
  WindowTask(const std::string& name, Parts parts, bool asks_at_end)
      : open_{std::move(parts.open)},
        flush_{std::move(parts.flush)},
        item_{name, std::move(parts.work), std::move(parts.on_skipped),
              parts.options.on_item_error},
        window_{parts.options.window},
        asks_at_end_{asks_at_end} {}

  Async<BranchState> run(Visit& visit, TaskContext& context) const {
    std::exception_ptr thrown;
    try {
      if (!visit.source) {
        auto opening = open(visit, context);
        co_await std::move(opening);
      }
      auto filling = fill(visit, context);
      co_await std::move(filling);
      auto flushing = flush(visit, context);
      co_await std::move(flushing);
      co_return BranchState::Done;
    } catch (...) {
      thrown = std::current_exception();
    }
    // The next attempt opens the source anew, behind the last window that was flushed.
    auto closing = close_read(visit);
    co_await std::move(closing);
    visit.values.clear();
    visit.source.reset();
    visit.position.reset();
    visit.is_at_end = false;
    std::rethrow_exception(thrown);
  }

  /// Ends the read that is under way, and forgets what it gave.
  static Async<void> close_read(Visit& visit) {
    if constexpr (Types::waits_for_items) {
      if (!visit.read.is_there()) co_return;
      Environment& environment = co_await ThisEnvironment{};
      ReadWait wait{environment, visit.read, steady_time::max()};
      wait.cancel_read();
      co_await wait;
      visit.read.drop();
    }
    co_return;
  }

 private:
  // Items that do not wait, of whichever windows, before a yield to others on the executor.
  static constexpr std::size_t items_per_turn = 64;

  Async<void> open(Visit& visit, TaskContext& context) const {
    const auto opened = [&]() -> decltype(auto) {
      if constexpr (Types::keeps_cursor) {
        return call(the_object_itself, context, open_, *visit.store, visit.flushed);
      } else if constexpr (Types::at_cursor) {
        return call(the_object_itself, context, open_, *visit.store, std::nullopt);
      } else {
        return call(the_object_itself, context, open_, *visit.store);
      }
    };
    using Opened = decltype(opened());
    if constexpr (std::is_lvalue_reference_v<Opened>) {
      visit.source.emplace(std::addressof(opened()));
    } else if constexpr (is_awaitable<Opened>) {
      auto opening = opened();
      visit.source.emplace(value_of<Opened>(co_await std::move(opening)));
    } else {
      visit.source.emplace(value_of_call(opened));
    }
    co_return;
  }

  // Up to the end of the window, in count or in time, or of the source.
  Async<void> fill(Visit& visit, TaskContext& context) const {
    Environment& environment = co_await ThisEnvironment{};
    const std::optional<Duration>& within = window_.within;
    visit.window_ends = steady_time::max();
    while (!is_full(visit, environment)) {
      typename Types::Next item;
      if constexpr (!Types::waits_for_items) {
        item = value_of_call([&] { return reader_of(*visit.source).next(); });
      } else if (!within) {
        auto next = reader_of(*visit.source).next();
        item = value_of<NextReturned>(co_await std::move(next));
      } else {
        if (!visit.read.is_there()) start_read(visit);
        ReadWait wait{environment, visit.read, visit.window_ends};
        co_await wait;
        environment.throw_if_aborted();
        if (!wait.read_has_ended()) co_return;
        item = value_of<NextReturned>(visit.read.take());
      }
      visit.is_at_end = !item;
      if (!item) co_return;
      const ItemPlace<Store> place = begin_item(visit, environment);
      Failure failure = item_.call_at_once(place, *item, visit.values, context);
      if (failure || !item_.is_at_once()) {
        auto rest = item_.go_on(place, *item, visit.values, std::move(failure), context);
        co_await std::move(rest);
      }
      if (visit.items % items_per_turn == 0) {
        auto others = yield_now();
        co_await std::move(others);
      }
    }
  }

  bool is_full(const Visit& visit, const Environment& environment) const {
    if (visit.values.empty()) return false;
    if (visit.values.size() >= window_.count.value_or(window_.within ? SIZE_MAX : 1)) return true;
    return window_.within && environment.loop().now() >= visit.window_ends;
  }

  ItemPlace<Store> begin_item(Visit& visit, const Environment& environment) const {
    const std::optional<Duration>& within = window_.within;
    if (within && visit.window_ends == steady_time::max()) {
      visit.window_ends = saturating_add(environment.loop().now(), *within);
    }
    return {visit.store, visit.items++};
  }

  static void start_read(Visit& visit) {
    keep_position(visit);
    visit.read.start(as_async(reader_of(*visit.source).next()));
  }

  // A read that is under way has moved the source on.
  static void keep_position(Visit& visit) {
    if constexpr (Types::keeps_cursor) {
      if constexpr (Types::waits_for_items) {
        if (visit.read.is_there()) return;
      }
      if (visit.source) visit.position = reader_of(*visit.source).cursor();
    }
  }

  // ---- the end of a window

  // What was read counts from here on. At the end of the source the flush may be asked once more,
  // with nothing.
  Async<void> flush(Visit& visit, TaskContext& context) const {
    keep_position(visit);
    for (;;) {
      const bool is_last = visit.values.empty();
      if (is_last && !(visit.is_at_end && asks_at_end_ && !visit.answer)) break;
      FlatValues<Value> values{visit.values};
      const std::span<Value> span = values.span();
      if constexpr (!is_awaitable<FlushReturned>) {
        keep_answer(visit, value_of_call([&]() -> decltype(auto) {
                      return call(the_object_itself, context, flush_, *visit.store,
                                  std::as_const(span));
                    }));
      } else {
        auto work = call(the_object_itself, context, flush_, *visit.store, span);
        if constexpr (std::is_void_v<AwaitedT<FlushReturned>>) {
          co_await std::move(work);
        } else {
          keep_answer(visit, value_of<FlushReturned>(co_await std::move(work)));
        }
      }
      visit.values.clear();
      keep_flushed(visit);
      if (is_last) break;
    }
    keep_flushed(visit);
  }

  static void keep_answer(Visit& visit, typename Types::Answer&& answer) {
    if constexpr (Types::answers) {
      if (answer) visit.answer.emplace(*std::move(answer));
    }
  }
  static void keep_flushed(Visit& visit) {
    if (!visit.position) return;
    visit.flushed = std::move(visit.position);
    visit.position.reset();
  }

  Open open_;
  Flush flush_;
  StreamItem<Store, Work, Skipped, Item, Value> item_;
  StreamWindow window_;
  bool asks_at_end_;
};

}  // namespace cano::detail
