// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <cano/detail/text.hpp>
#include <cano/observe/detail/text.hpp>
#include <cano/observe/field.hpp>

namespace cano::detail {

/// A JSON object as text, on one line and valid whatever the strings hold.
///
/// Observers only ever write, and nlohmann/json.hpp costs a second or two in every file that
/// includes it; the tests read what this writes with that library.
class JsonWriter {
 public:
  /// The caller gives each name once.
  template <class T> JsonWriter& add(std::string_view name, const T& value) {
    members_ += members_.empty() ? "" : ",";
    append_string(name);
    members_ += ':';
    append_value(value);
    return *this;
  }

  /// Of fields of one name the last is kept: an object has no place for both.
  JsonWriter& add_all(std::span<const Field> fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (!is_named(fields.subspan(i + 1), fields[i].name)) add(fields[i].name, fields[i].value);
    }
    return *this;
  }

  bool empty() const noexcept { return members_.empty(); }
  std::string text() const { return '{' + members_ + '}'; }

 private:
  static bool is_named(std::span<const Field> fields, std::string_view name) noexcept {
    for (const Field& field : fields) {
      if (field.name == name) return true;
    }
    return false;
  }

  template <class T> void append_value(const T& value) {
    if constexpr (std::same_as<T, JsonWriter>) {
      members_ += value.text();
    } else if constexpr (std::same_as<T, FieldValue>) {
      std::visit([this](const auto& held) { this->append_value(held); }, value);
    } else if constexpr (std::same_as<T, bool>) {
      members_ += value ? "true" : "false";
    } else if constexpr (std::floating_point<T>) {
      append_double(value);
    } else if constexpr (std::integral<T>) {
      append_number(members_, value);
    } else {
      append_string(value);
    }
  }

  // JSON has no other numbers than finite ones.
  void append_double(double number) {
    if (std::isfinite(number)) {
      append_number(members_, number);
    } else {
      members_ += "null";
    }
  }

  void append_string(std::string_view text) {
    members_ += '"';
    for_each_character(text, [this](char32_t c, std::string_view bytes) {
      if (c == U'"' || c == U'\\') {
        members_.append("\\").append(bytes);
      } else if (c < 0x10000 && must_be_escaped(c)) {  // more than JSON asks: it stays on its line
        members_ += "\\u";
        for (int shift = 12; shift >= 0; shift -= 4)
          members_ += "0123456789abcdef"[(c >> static_cast<unsigned>(shift)) & 0xFU];
      } else {
        members_ += bytes;
      }
    });
    members_ += '"';
  }

  std::string members_;
};

/// The fields as an object.
inline JsonWriter json_of(std::span<const Field> fields) {
  JsonWriter object;
  object.add_all(fields);
  return object;
}

}  // namespace cano::detail
