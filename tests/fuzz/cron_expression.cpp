// SPDX-License-Identifier: MIT
//
// Any text is an expression or a clear error; any expression survives being written and read, and
// its occurrences lie strictly after and before the time they are asked for.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/schedule/cron_expression.hpp>

#include "support/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto parsed = cano::CronExpression::try_parse(text);
  if (!parsed) {
    fuzz::require(parsed.error().errc() == cano::Errc::Configuration, "the error is Configuration");
    fuzz::require(!parsed.error().message().empty(), "the error has a message");
    return 0;
  }

  fuzz::require(cano::CronExpression::parse(parsed->to_string()) == *parsed, "text reads back");
  fuzz::require(!parsed->describe().empty(), "it has a description");

  // Some moment from 1970 to 2105, the same one for the same text.
  std::uint32_t hash = 2166136261;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
  const cano::system_time time{std::chrono::seconds{hash}};

  if (const auto next = parsed->next_after(time)) {
    fuzz::require(*next > time, "the next occurrence is later");
    fuzz::require(parsed->prev_before(*next + std::chrono::seconds{1}) == next, "and is one");
  }
  if (const auto previous = parsed->prev_before(time)) {
    fuzz::require(*previous < time, "the last occurrence is earlier");
    fuzz::require(parsed->next_after(*previous - std::chrono::seconds{1}) == previous,
                  "and is one");
  }
  return 0;
}
