// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>

namespace cano {

/// A resource that could not be torn down, and why; see `ResourceSet::take_failures`.
struct ResourceFailure {
  std::string name;          ///< As it was added.
  std::exception_ptr error;  ///< What its `tear_down` threw, or `Error(Timeout)`.
};

}  // namespace cano
