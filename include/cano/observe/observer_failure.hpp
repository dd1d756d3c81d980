// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include <cano/observe/observer.hpp>

namespace cano {

/// An observer that threw and was switched off; see `Workflow::observer_failures`.
struct ObserverFailure {
  std::shared_ptr<const Observer> observer;  ///< Which one.
  std::string message;                       ///< What it threw.
};

}  // namespace cano
