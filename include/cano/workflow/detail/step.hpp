// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace cano::detail {

/// What a run needs next from whoever drives it.
enum class Step : std::uint8_t {
  Begin,     // its first `advance`
  Finished,  // nothing: the result is there
  Attempt,   // await `start_attempt`, then say what came of it
  Pause,     // wait for `pause()`
  Turn,      // let others on the executor run
};

}  // namespace cano::detail
