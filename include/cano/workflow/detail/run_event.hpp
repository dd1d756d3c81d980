// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace cano::detail {

/// An event of a run, the input of its state machine.
enum class Event : std::uint8_t {
  Started,
  AttemptEnded,  // the attempt has given a state or a failure
  Yielded,       // others have run meanwhile
  RetryDue,      // the pause before the next attempt is over
  GatePassed,    // the attempt may begin, or has been refused: then there is a failure
  Undone,        // what the run had done has been undone, as far as that was possible
};

/// An action that a run needs next, the output of its state machine.
enum class Action : std::uint8_t {
  Hop,      // nothing: it goes on by itself (never returned)
  Attempt,  // call `start_attempt`, then say what came of it
  Gate,     // pass `gate()` before the attempt
  Yield,    // let others on the executor run
  Pause,    // wait for `pause()` before the next attempt, at least for others to run
  Undo,     // undo what the run has done, see `undo_log`
  End,      // nothing: the result is there
};

}  // namespace cano::detail
