// SPDX-License-Identifier: MIT
#include <chrono>
#include <string>

#include <cano/compose/poll.hpp>
#include <cano/compose/poll_options.hpp>
#include <cano/error.hpp>

#include "support/branches.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

namespace poll_options_tests {

using namespace std::chrono_literals;

TEST_CASE("a poll asks every second and for ever, unless told otherwise") {
  const cano::PollOptions options;
  CHECK(options.every == 1s);
  CHECK_FALSE(options.backoff);
  CHECK_FALSE(options.within);
  CHECK_FALSE(options.max_polls);
}

TEST_CASE("poll options that cannot be are refused at once") {
  const auto refuses = [](cano::PollOptions options, const std::string& text) {
    const auto ask = [](branches::Desk&) { return std::optional<engine::S>{}; };
    const cano::Error error = error_of([&] { cano::poll(ask, options); });
    CHECK(error.errc() == cano::Errc::Configuration);
    CHECK(error.message() == text);
  };
  refuses({.every = -1ns}, "poll: every must not be negative");
  refuses({.within = 0ms}, "poll: within must be positive");
  refuses({.within = -1s}, "poll: within must be positive");
  refuses({.max_polls = 0}, "poll: max_polls must be at least 1");
}

}  // namespace poll_options_tests
