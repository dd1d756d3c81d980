// SPDX-License-Identifier: MIT
#pragma once

namespace cano::detail {

struct OuterRun;

/// Tells of the run that work on another loop is part of, whose own environments only their loop
/// may touch.
class OuterRunSource {
 public:
  virtual void tell(OuterRun& run) const = 0;

 protected:
  ~OuterRunSource() = default;
};

}  // namespace cano::detail
