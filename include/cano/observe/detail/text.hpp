// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <chrono>
#include <cstddef>
#include <ratio>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include <cano/duration.hpp>
#include <cano/observe/field.hpp>

namespace cano::detail {

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
    char digits[8];
    const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<unsigned>(c), 16);
    out.append("\\u{").append(digits, end.ptr).append("}");
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

/// The same in quotes, with what a quoted text cannot hold escaped.
inline void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for_each_character(text, [&](char32_t c, std::string_view bytes) {
    if (c == U'"' || c == U'\\') out += '\\';
    if (must_be_escaped(c)) {
      append_escape(out, c);
    } else {
      out += bytes;
    }
  });
  out += '"';
}

template <class Number> void append_number(std::string& out, Number number) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

inline void append_value(std::string& out, const FieldValue& value) {
  std::visit(
      [&](const auto& v) {
        using Value = std::remove_cvref_t<decltype(v)>;
        if constexpr (std::is_same_v<Value, bool>) {
          out += v ? "true" : "false";
        } else if constexpr (std::is_same_v<Value, std::string>) {
          append_quoted(out, v);
        } else {
          append_number(out, v);
        }
      },
      value);
}

constexpr double milliseconds_of(Duration duration) noexcept {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace cano::detail
