// SPDX-License-Identifier: MIT
#pragma once

// detail/: texts, names and traits that all folders share.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace cano::detail {

/// A character of a UTF-8 text and its length.
struct CodePoint {
  char32_t value;
  std::size_t length;  // in bytes, at least 1
};

inline constexpr std::string_view replacement_text = "\xEF\xBF\xBD";  // U+FFFD
inline constexpr char32_t invalid_code_point = 0x110000;

/// The first character of a text that is not empty; `invalid_code_point` and the bytes to pass over
/// where it is not UTF-8.
inline CodePoint first_code_point(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4) return {invalid_code_point, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  char32_t value = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || (byte(i) & 0xC0U) != 0x80) return {invalid_code_point, i};
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  const bool too_long = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (too_long || surrogate || value > 0x10FFFF) return {invalid_code_point, 1};
  return {value, length};
}

/// Hands each character to `append(code_point, bytes)`, with U+FFFD in place of what is not UTF-8.
template <class Append> void for_each_character(std::string_view text, Append append) {
  while (!text.empty()) {
    const CodePoint next = first_code_point(text);
    const bool valid = next.value != invalid_code_point;
    append(next.value, valid ? text.substr(0, next.length) : replacement_text);
    text.remove_prefix(next.length);
  }
}

inline bool is_utf8(std::string_view text) noexcept {
  for (; !text.empty(); text.remove_prefix(first_code_point(text).length)) {
    if (first_code_point(text).value == invalid_code_point) return false;
  }
  return true;
}

/// The text with U+FFFD in place of what is not UTF-8.
inline std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for_each_character(text, [&](char32_t, std::string_view bytes) { out += bytes; });
  return out;
}

// What would break a line, move a terminal's cursor, turn the direction of writing, or is no
// character at all.
constexpr bool must_be_escaped(char32_t c) noexcept {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || (c & 0xFFFEU) == 0xFFFE;
}

inline void append_escape(std::string& out, char32_t c) {
  if (c == U'\n') {
    out += "\\n";
  } else if (c == U'\r') {
    out += "\\r";
  } else if (c == U'\t') {
    out += "\\t";
  } else {
    out += "\\u{";
    unsigned shift = 20;
    while (shift != 0 && (c >> shift) == 0)
      shift -= 4;
    for (;; shift -= 4) {
      out += "0123456789abcdef"[(c >> shift) & 0xFU];
      if (shift == 0) break;
    }
    out += '}';
  }
}

/// Appends the text so that it stays on one line.
inline void append_one_line(std::string& out, std::string_view text) {
  for_each_character(text, [&](char32_t c, std::string_view bytes) {
    if (must_be_escaped(c)) {
      append_escape(out, c);
    } else {
      out += bytes;
    }
  });
}

inline std::string one_line(std::string_view text) {
  std::string out;
  append_one_line(out, text);
  return out;
}

/// Whether `one_line` would change nothing, as is quickly seen: it is printable ASCII. Eight bytes
/// a step, as every error asks.
inline bool is_plain(std::string_view text) noexcept {
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101U;
  // The highest bit of a byte is set by one of these below 0x20 and from 0x7F on, and by none else.
  const auto special = [](std::uint64_t word) {
    return (word | (word - 0x20 * ones) | (word + ones)) & (0x80 * ones);
  };
  const auto load = [&](std::size_t at) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    return word;
  };
  if (text.size() < sizeof(std::uint64_t)) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  }
  const std::size_t last = text.size() - sizeof(std::uint64_t);
  std::uint64_t found = special(load(last));
  for (std::size_t at = 0; at < last; at += sizeof(std::uint64_t))
    found |= special(load(at));
  return found == 0;
}

/// The text of an error: on one line, valid UTF-8, whatever it quotes.
inline std::string error_line(std::string&& text) {
  if (is_plain(text)) return std::move(text);
  return one_line(text);
}

}  // namespace cano::detail
