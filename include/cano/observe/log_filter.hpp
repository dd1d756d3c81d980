// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/detail/text.hpp>
#include <cano/observe/describe.hpp>
#include <cano/observe/level.hpp>

namespace cano {

/// Which log lines are wanted, as people know it from Rust's `RUST_LOG`: parts with commas between,
/// each a level for everything, a target, or `target=level`.
///
///     info                       everything from Info up
///     warn,cano::workflow=debug  runs and states from Debug up, all else from Warn up
///     cano=off,app=trace         nothing of the library, all that tasks say
///
/// Levels are `off`, `error`, `warn`, `info`, `debug`, `trace` (in any case) or 0 to 5. Targets are
/// `cano::workflow`, `cano::task`, `cano::compose`, `cano::concurrent`, `cano::schedule`,
/// `cano::limit`, `cano` for all of these, and `app` for what tasks say with `TaskContext::log`.
/// The longest target that fits decides; a target without a level means `trace`; what no part names
/// is off.
///
/// **Errors.** A part that cannot be read is left out, and `problems()` says so.
/// **Threads.** Distinct objects: safe. Shared objects: safe, it is immutable.
class LogFilter {
 public:
  /// Info and above.
  LogFilter() : LogFilter{Level::Info} {}

  /// `minimum` and above.
  explicit LogFilter(Level minimum) : rules_{Rule{std::string{}, minimum}} {}

  /// Reads a filter. One that is empty, or in which no part can be read, is `LogFilter{}`.
  static LogFilter parse(std::string_view text) {
    LogFilter filter;
    filter.rules_.clear();
    while (!text.empty()) {
      const std::size_t comma = std::min(text.find(','), text.size());
      filter.add(trimmed(text.substr(0, comma)));
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
    if (filter.rules_.empty()) filter.rules_ = LogFilter{}.rules_;
    return filter;
  }

  /// Reads the filter from an environment variable; `LogFilter{}` when it is not set.
  static LogFilter from_environment(const char* variable = "CANO_LOG") {
    const char* const text = std::getenv(variable);
    LogFilter filter = parse(text == nullptr ? std::string_view{} : std::string_view{text});
    for (std::string& problem : filter.problems_)
      problem.insert(0, std::string{variable} + ": ");
    return filter;
  }

  /// Whether lines of that level and target are wanted.
  bool enabled(std::string_view target, Level level) const noexcept {
    const Rule* best = nullptr;
    for (const Rule& rule : rules_) {
      if (!covers(rule.target, target)) continue;
      if (best == nullptr || rule.target.size() >= best->target.size()) best = &rule;
    }
    return best != nullptr && best->minimum && level >= *best->minimum;
  }

  /// What is wrong with the text, one sentence a part; empty when nothing is.
  const std::vector<std::string>& problems() const noexcept { return problems_; }

 private:
  struct Rule {
    std::string target;  // empty: all
    std::optional<Level> minimum;
  };

  struct Threshold {
    std::string_view name;
    std::optional<Level> minimum;
  };

  static constexpr std::array<Threshold, 6> thresholds{{{"off", std::nullopt},
                                                        {"error", Level::Error},
                                                        {"warn", Level::Warn},
                                                        {"info", Level::Info},
                                                        {"debug", Level::Debug},
                                                        {"trace", Level::Trace}}};
  static constexpr std::array<std::string_view, 7> targets{
      detail::app_target,     detail::compose_target,  detail::concurrent_target,
      detail::limit_target,   detail::schedule_target, detail::task_target,
      detail::workflow_target};
  static constexpr std::string_view level_names = "off, error, warn, info, debug, trace";

  // "cano" covers "cano::task", but "cano::t" does not.
  static bool covers(std::string_view rule, std::string_view target) noexcept {
    if (rule.empty() || rule == target) return true;
    return target.starts_with(rule) && target.substr(rule.size()).starts_with("::");
  }

  static std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
  }

  static const Threshold* find_level(std::string_view text) noexcept {
    const auto same = [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == b;
    };
    for (std::size_t i = 0; i < thresholds.size(); ++i) {
      const std::string_view name = thresholds[i].name;
      const char digit = static_cast<char>('0' + i);
      if (std::equal(text.begin(), text.end(), name.begin(), name.end(), same) ||
          text == std::string_view{&digit, 1}) {
        return &thresholds[i];
      }
    }
    return nullptr;
  }

  void add(std::string_view part) {
    if (part.empty()) return;
    if (part.find_first_of("[]{}/") != std::string_view::npos) {
      return reject(part, "filters by span, field or text are not supported");
    }
    const std::size_t equals = part.find('=');
    const std::string_view name = trimmed(part.substr(0, equals));
    const Threshold* level = &thresholds.back();
    if (equals == std::string_view::npos) {
      if (const Threshold* const alone = find_level(name)) {
        rules_.push_back(Rule{std::string{}, alone->minimum});
        return;
      }
    } else if (const auto text = trimmed(part.substr(equals + 1)); !text.empty()) {
      level = find_level(text);
      if (level == nullptr) {
        return reject(part, "there is no such level, there are " + std::string{level_names});
      }
    }
    const bool known = !name.empty() && std::any_of(targets.begin(), targets.end(),
                                                    [&](auto t) { return covers(name, t); });
    if (!known) return reject(part, unknown_target(equals == std::string_view::npos));
    rules_.push_back(Rule{std::string{name}, level->minimum});
  }

  static std::string unknown_target(bool may_be_level) {
    std::string text = "there is no such target, there are cano";
    if (may_be_level) {
      text = "it is neither a level (";
      text.append(level_names).append(") nor a target (cano");
    }
    for (const std::string_view target : targets)
      text.append(", ").append(target);
    if (may_be_level) text += ')';
    return text;
  }

  void reject(std::string_view part, const std::string& reason) {
    // Not with `+`, of which g++ 12 warns without reason under -O3 (GCC bug 105651).
    std::string problem = "\"";
    problem.append(part).append("\" is ignored: ").append(reason);
    problems_.push_back(detail::error_line(std::move(problem)));
  }

  std::vector<Rule> rules_;
  std::vector<std::string> problems_;
};

}  // namespace cano
