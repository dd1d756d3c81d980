// SPDX-License-Identifier: MIT
//
// Any text is an expression, or an error with a position. Any expression survives being written and
// read, and its occurrences are strictly after and before the time they are asked for, in a zone
// that changes its clocks too.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <cano/cron/cron_expression.hpp>
#include <cano/cron/dst_fold.hpp>
#include <cano/cron/dst_gap.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/time/time_zone.hpp>

#include "support/fuzz.hpp"
#include "support/made_up_zone.hpp"
#include "support/time_text.hpp"

namespace {

using cano::CronExpression;
using cano::DstFold;
using cano::DstGap;
using cano_test::utc;
using std::chrono::nanoseconds;

// The message names a column of the text, or the one behind it.
void check_error(const cano::Error& error, std::size_t size) {
  constexpr std::string_view label = "column ";
  fuzz::require(error.errc() == cano::Errc::Configuration, "the error is Configuration");
  const std::size_t at = error.message().rfind(label);
  fuzz::require(at != std::string::npos, "the error has a position");
  const auto column = std::strtoull(error.message().c_str() + at + label.size(), nullptr, 10);
  fuzz::require(column >= 1 && column <= size + 1, "the position is in the text");
}

void check_around(const CronExpression& cron, cano::system_time time) {
  if (const auto next = cron.next_after(time)) {
    fuzz::require(*next > time, "the next occurrence is later");
    fuzz::require(cron.prev_before(*next + nanoseconds{1}) == next, "and is one");
  }
  if (const auto previous = cron.prev_before(time)) {
    fuzz::require(*previous < time, "the last occurrence is earlier");
    fuzz::require(cron.next_after(*previous - nanoseconds{1}) == previous, "and is one");
  }
  static const cano::TimeZone zone = cano_test::berlin_2025();
  for (const DstGap gap : {DstGap::ShiftForward, DstGap::Skip, DstGap::RunAtGapEnd}) {
    for (const DstFold fold : {DstFold::First, DstFold::Second, DstFold::Both}) {
      if (const auto next = cron.next_after(time, zone, gap, fold)) {
        fuzz::require(*next > time, "the next occurrence in a zone is later");
        fuzz::require(cron.prev_before(*next + nanoseconds{1}, zone, gap, fold) == next,
                      "and is one");
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto parsed = CronExpression::try_parse(text);
  if (!parsed) {
    check_error(parsed.error(), size);
    return 0;
  }

  fuzz::require(CronExpression::parse(parsed->to_string()) == *parsed, "text reads back");
  fuzz::require(CronExpression::parse(parsed->to_string()).to_string() == parsed->to_string(),
                "and is the same text again");
  fuzz::require(!parsed->describe().empty(), "it has a description");

  // Some moment from 1970 to 2105, the same one for the same text.
  std::uint32_t hash = 2166136261;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
  const std::array<cano::system_time, 5> times{
      cano::system_time{std::chrono::seconds{hash}}, cano::system_time::min(),
      cano::system_time::max(), utc("2025-03-30 00:59:59"), utc("2025-10-26 00:59:59")};
  for (const cano::system_time time : times)
    check_around(*parsed, time);
  return 0;
}
