// SPDX-License-Identifier: MIT
#pragma once

#include <iterator>
#include <utility>

namespace cano::detail {

/// What can be iterated over. `std::ranges::input_range` in short: its header is one of the largest
/// of the standard library, and not needed for anything else.
template <class R>
concept InputRange = requires(R& range) {
  { std::begin(range) } -> std::input_iterator;
  { std::end(range) } -> std::sentinel_for<decltype(std::begin(range))>;
};

template <InputRange R>
using RangeReference = std::iter_reference_t<decltype(std::begin(std::declval<R&>()))>;

template <InputRange R>
using RangeValue = std::iter_value_t<decltype(std::begin(std::declval<R&>()))>;

}  // namespace cano::detail
