// SPDX-License-Identifier: MIT
//
// Any text is a filter; where it lets a level through, it lets every graver one through.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <cano/observe/level.hpp>
#include <cano/observe/log_filter.hpp>

#include "support/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cano::Level;
  const auto filter =
      cano::LogFilter::parse(std::string_view{reinterpret_cast<const char*>(data), size});
  for (const std::string_view target : {"", "app", "cano", "cano::task", "cano::workflow"}) {
    bool graver = filter.enabled(target, Level::Error);
    for (const Level level : {Level::Warn, Level::Info, Level::Debug, Level::Trace}) {
      const bool enabled = filter.enabled(target, level);
      fuzz::require(graver || !enabled, "the graver level is let through too");
      graver = enabled;
    }
  }
  return 0;
}
