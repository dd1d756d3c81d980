// SPDX-License-Identifier: MIT
#pragma once

namespace cano {

/// How a delay `d` is spread at random, so that clients that failed together do not come back
/// together. None of them exceeds the cap, and none makes 0 of a delay that is not.
///
/// `Full`, `Equal` and `Decorrelated` are those of Marc Brooker, "Exponential Backoff And Jitter",
/// AWS Architecture Blog, 2015:
/// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
enum class Jitter {
  Proportional,  ///< Within the policy's share of `d` around it: 0.1 is 90 % to 110 %.
  Full,          ///< Anything up to `d`: spreads the load best.
  Equal,         ///< Half of `d`, and anything up to the other half.
  Decorrelated,  ///< From the base to three times the previous delay; does not look at `d`.
};

}  // namespace cano
