// SPDX-License-Identifier: MIT
#pragma once

namespace cano::detail {

/// The default of a template parameter that says no more than: compile this where it is called.
///
///     template <class = OnDemand> Async<Permit> acquire(LimitUse use);
///
/// Without optimisation g++ 12 compiles each coroutine of a header that is no template, and all
/// that it calls, in every file that includes it, and each template that a function there names.
/// So a coroutine that few programs need, and the functions that lead to it, are such templates.
struct OnDemand;

}  // namespace cano::detail
