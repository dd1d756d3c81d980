// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include <cano/duration.hpp>

namespace cano::detail {

/// What a run is of the run that it is a part of.
struct RunPart {
  enum class Kind : std::uint8_t {
    Same,  // the very task, such as the asks of a poll
    Branch,
    Item,
    Undo,  // of what the run has done: it has left its own limits behind
  };
  Kind kind = Kind::Same;
  std::size_t index = 0;
  steady_time deadline = steady_time::max();  // of those that are joined with it
};

}  // namespace cano::detail
