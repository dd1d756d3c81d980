// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <span>
#include <type_traits>

#include <cano/detail/input_range.hpp>
#include <cano/workflow/detail/explain_task.hpp>

namespace cano::detail {

/// Called where a temporary was given as the store: the first error a person reads says why.
template <class Store> consteval void explain_why_no_temporary() {
  static_assert(always_false<Store>,
                "cano: the store must outlive the run, whose results are left there: pass a "
                "variable, not a temporary");
}

/// What would do as the stores of a batch if it were no temporary.
template <class Stores, class Store>
concept TemporaryStores = !std::convertible_to<Stores, std::span<Store>> &&
                          std::convertible_to<Stores&, std::span<Store>>;

/// The same for the stores of a batch.
template <class Store> consteval void explain_why_no_temporaries() {
  static_assert(always_false<Store>,
                "cano: the stores must outlive the batch, whose results are left there: pass a "
                "variable, not a temporary");
}

/// A range that cannot be the stores of a batch, temporary or not.
template <class Stores, class Store>
concept UnfitStores = InputRange<std::remove_reference_t<Stores>> &&
                      !std::convertible_to<std::remove_reference_t<Stores>&, std::span<Store>>;

/// Called where one was given.
template <class Stores, class Store> consteval void explain_why_unfit() {
  using Range = std::remove_reference_t<Stores>;
  using Element = RangeReference<Range>;
  static_assert(std::same_as<std::remove_cvref_t<Element>, Store>,
                "cano: a batch takes a range of stores of its workflow's type");
  static_assert(!std::same_as<std::remove_cvref_t<Element>, Store> ||
                    !std::is_const_v<std::remove_reference_t<Element>>,
                "cano: the stores of a batch are const: its tasks write to them");
  static_assert(!std::same_as<Element, Store&>,
                "cano: the stores of a batch lie side by side in memory, as in a std::vector or "
                "std::array: copy or move these into one");
  static_assert(!std::same_as<Element, Store>,
                "cano: the stores of a batch are made when they are looked at: put them into a "
                "std::vector");
}

}  // namespace cano::detail
