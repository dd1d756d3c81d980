// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <span>

#include <cano/workflow/detail/explain_task.hpp>

namespace cano::detail {

/// Called where a temporary was given as the store: the first error a person reads says why.
template <class Store> consteval void explain_why_no_temporary() {
  static_assert(always_false<Store>,
                "cano: the store must outlive the run and tells its results: pass a variable, not "
                "a temporary");
}

/// What would do as the stores of a batch if it were no temporary.
template <class Stores, class Store>
concept TemporaryStores = !std::convertible_to<Stores, std::span<Store>> &&
                          std::convertible_to<Stores&, std::span<Store>>;

/// The same for the stores of a batch.
template <class Store> consteval void explain_why_no_temporaries() {
  static_assert(always_false<Store>,
                "cano: the stores must outlive the batch and tell its results: pass a variable, "
                "not a temporary");
}

}  // namespace cano::detail
