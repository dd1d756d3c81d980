// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <chrono>
#include <ratio>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include <cano/detail/text.hpp>
#include <cano/duration.hpp>
#include <cano/observe/field.hpp>

namespace cano::detail {

/// Appends the text in quotes, on one line, with what a quoted text cannot hold escaped.
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
