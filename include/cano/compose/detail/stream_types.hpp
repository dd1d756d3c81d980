// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include <cano/compose/detail/branch_slot.hpp>
#include <cano/compose/detail/branch_work.hpp>
#include <cano/compose/detail/read_ahead.hpp>
#include <cano/task/detail/outcome.hpp>
#include <cano/task/detail/task_traits.hpp>

namespace cano::detail {

// ---- the functions of a stream, and what flows through them

/// Whether `open` takes a cursor behind the store.
template <class Open, class Store>
inline constexpr bool opens_at_cursor =
    callable<TheObjectItself, const Open&, Store&, const std::nullopt_t&>;

template <class Open, class Store> consteval auto open_returns() {
  if constexpr (opens_at_cursor<Open, Store>) {
    return std::type_identity<
        Returns<TheObjectItself, const Open&, Store&, const std::nullopt_t&>>{};
  } else {
    return std::type_identity<Returns<TheObjectItself, const Open&, Store&>>{};
  }
}
template <class Open, class Store>
using OpenReturns = typename decltype(open_returns<Open, Store>())::type;

/// The source as the run keeps it: one that it does not own by its address.
template <class Returned>
using KeptSource = std::conditional_t<std::is_lvalue_reference_v<Returned>,
                                      std::add_pointer_t<std::remove_reference_t<Returned>>,
                                      BranchValue<Returned>>;

/// What has `next()`: the source, or what it points to.
template <class Source> decltype(auto) reader_of(Source& source) {
  if constexpr (requires { source.next(); }) {
    return (source);
  } else {
    return (*source);
  }
}
template <class Source>
concept SourceLike =
    requires(Source& source) { source.next(); } || requires(Source& source) { (*source).next(); };

template <class Source> using NextReturns = decltype(reader_of(std::declval<Source&>()).next());

/// What a source says of where it is; nothing where it does not.
template <class Source> consteval auto cursor_of() {
  if constexpr (requires(Source& source) { reader_of(source).cursor(); }) {
    using Cursor = std::remove_cvref_t<decltype(reader_of(std::declval<Source&>()).cursor())>;
    return std::type_identity<typename OptionalTraits<Cursor>::value_type>{};
  } else {
    return std::type_identity<NotCallable>{};
  }
}
template <class Source> using CursorOf = typename decltype(cursor_of<Source>())::type;

/// The types of a stream that has been checked.
template <class Store, class Open, class Work, class Flush> struct StreamTypes {
  static constexpr bool at_cursor = opens_at_cursor<Open, Store>;
  using Source = KeptSource<OpenReturns<Open, Store>>;
  using Cursor = CursorOf<Source>;
  static constexpr bool keeps_cursor = at_cursor && !std::same_as<Cursor, NotCallable>;
  using Next = BranchValue<NextReturns<Source>>;
  using NextReturned = NextReturns<Source>;
  static constexpr bool waits_for_items = is_awaitable<NextReturned>;
  using Item = typename OptionalTraits<Next>::value_type;
  using Value = BranchValue<ItemWorkReturns<Work, Store, Item>>;
  using FlushReturns = Returns<TheObjectItself, const Flush&, Store&, std::span<Value>>;
  using Answer = BranchValue<FlushReturns>;
  static constexpr bool answers = OptionalTraits<Answer>::value;
  using Outcome = typename OptionalTraits<Answer>::value_type;
  using Read =
      std::conditional_t<waits_for_items, ReadAhead<AwaitedT<NextReturns<Source>>>, NoReadAhead>;
};

/// The value that a call returned, of a `Result` what is in it.
///
/// **Errors.** The error of a `Result` that has one.
template <class Returned> BranchValue<Returned> value_of(AwaitedT<Returned>&& returned) {
  if constexpr (!is_result<AwaitedT<Returned>>) {
    return std::move(returned);
  } else {
    if (returned.has_error()) throw std::move(returned).error();
    if constexpr (std::is_void_v<UnwrappedT<AwaitedT<Returned>>>) {
      return {};
    } else {
      return *std::move(returned);
    }
  }
}

/// The same of a function that does not wait, and may return nothing.
template <class Call> auto value_of_call(Call&& call) -> BranchValue<decltype(call())> {
  using Returned = decltype(call());
  if constexpr (std::is_void_v<Returned>) {
    call();
    return {};
  } else {
    return value_of<std::remove_cvref_t<Returned>>(
        static_cast<std::remove_cvref_t<Returned>>(call()));
  }
}

}  // namespace cano::detail
