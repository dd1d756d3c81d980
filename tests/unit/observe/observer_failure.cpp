// SPDX-License-Identifier: MIT
#include <memory>

#include <cano/observe/observer_failure.hpp>

#include "support/catch.hpp"

TEST_CASE("a failure keeps its observer alive") {
  auto observer = std::make_shared<cano::Observer>();
  const cano::ObserverFailure failure{observer, "disk full"};
  observer.reset();
  CHECK(failure.observer != nullptr);
  CHECK(failure.message == "disk full");
}
