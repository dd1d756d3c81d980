// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <cano/cron/detail/cron_fields.hpp>
#include <cano/cron/detail/cron_syntax.hpp>

namespace cano::detail {

/// The place of a word in the text of an expression.
struct CronWord {
  std::size_t begin = 0, end = 0;

  constexpr std::size_t size() const noexcept { return end - begin; }
  constexpr std::string_view of(std::string_view text) const { return text.substr(begin, size()); }
};

inline constexpr std::size_t most_cron_fields = 7;

// An expression cut into its fields, and what is wrong with it before any field is read.
struct CronWords {
  std::array<CronWord, most_cron_fields + 1> words{};  // with the first one too many
  std::size_t count = 0;
  CronProblem problem{};

  constexpr explicit CronWords(std::string_view text) noexcept {
    text = without_last_blanks(text);
    if (find_lookalike(text)) return;
    std::size_t at = 0;
    while (at < text.size() && (is_blank(text[at]) || is_line_end(text[at])))
      ++at;
    while (at < text.size() && count < words.size()) {
      words[count].begin = at;
      while (at < text.size() && !is_blank(text[at]))
        ++at;
      words[count++].end = at;
      while (at < text.size() && is_blank(text[at]))
        ++at;
    }
    find_problem(text);
  }

 private:
  static constexpr std::string_view without_last_blanks(std::string_view text) noexcept {
    while (!text.empty() && (is_blank(text.back()) || is_line_end(text.back())))
      text.remove_suffix(1);
    return text;
  }

  constexpr bool find_lookalike(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (static_cast<unsigned char>(text[at]) < 0x80) continue;
      const CronLookalike* const found = lookalike_of(text.substr(at));
      if (found == nullptr) continue;
      fail(CronFault::Lookalike, at, found->bytes.size());
      return true;
    }
    return false;
  }

  constexpr void find_problem(std::string_view text) noexcept {
    if (count == 0) return fail(CronFault::Empty, 0, 0);
    const std::string_view first = words[0].of(text);
    if (first[0] == '@') {
      if (same_word(first, "@every")) {
        fail(CronFault::IntervalInText, words[0].begin, text.size() - words[0].begin);
      } else if (count > 1) {
        fail(CronFault::TextAfterMacro, words[1].begin, 1);
      }
    } else if (names_zone(first)) {
      fail(CronFault::ZoneInText, words[0].begin, first.size());
    } else if (count < 5) {
      fail(CronFault::WrongNumberOfFields, text.size(), 0);
    } else if (count > most_cron_fields) {
      fail(CronFault::WrongNumberOfFields, words[most_cron_fields].begin, 1);
    }
  }

  // CRON_TZ=Europe/Berlin, as some crontabs have it.
  static constexpr bool names_zone(std::string_view word) noexcept {
    const std::string_view name = word.substr(0, word.find('='));
    return name.size() < word.size() && (same_word(name, "TZ") || same_word(name, "CRON_TZ"));
  }

  constexpr void fail(CronFault fault, std::size_t begin, std::size_t length) noexcept {
    problem = {fault, CronField::Expression, begin, length, 0, 0};
  }
};

}  // namespace cano::detail
