// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/detail/text.hpp>
#include <cano/store/detail/json_sink.hpp>

namespace cano::detail {

/// The key, of which U+FFFD takes the place of what is not UTF-8, with a number behind it where the
/// object has another value of that name: none may hide the other.
template <class Json> std::string valid_key(const Json& object, std::string_view key) {
  std::string valid = valid_utf8(key);
  if (is_utf8(key)) return valid;
  const std::size_t length = valid.size();
  for (std::size_t number = 2; object.contains(valid); ++number) {
    valid.resize(length);
    valid.append(" (").append(std::to_string(number)).append(")");
  }
  return valid;
}

/// Replaces what is not UTF-8 in all texts and keys of a value: it could not be written otherwise.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the value, which is written the same way
template <class Json> void make_valid(Json& value) {
  if (value.is_string()) {
    auto& text = value.template get_ref<typename Json::string_t&>();
    if (!is_utf8(text)) text = valid_utf8(text);
  } else if (value.is_array()) {
    for (Json& element : value)
      make_valid(element);
  } else if (value.is_object()) {
    std::vector<std::string> wrong;
    for (auto member = value.begin(); member != value.end(); ++member) {
      make_valid(member.value());
      if (!is_utf8(member.key())) wrong.push_back(member.key());
    }
    for (const std::string& key : wrong) {
      Json moved = std::move(value[key]);
      value.erase(key);
      value[valid_key(value, key)] = std::move(moved);
    }
  }
}

/// Makes JSON of what is written to it, valid whatever bytes its texts hold. A template, so that
/// only a program that uses it needs nlohmann/json.hpp.
template <class Json> class JsonBuilder final : public JsonSink {
 public:
  /// `root` becomes the value that is written.
  explicit JsonBuilder(Json& root) : root_{root} {}

  void write(std::nullptr_t) override { next() = nullptr; }
  void write(bool value) override { next() = value; }
  void write(std::int64_t number) override { next() = number; }
  void write(std::uint64_t number) override { next() = number; }
  void write(double number) override { next() = number; }
  void write(std::string_view text) override { next() = valid_utf8(text); }
  void write_own(OwnToJson to_json, const void* value) override {
    Json& made = next();
    to_json(made, value);
    make_valid(made);
  }

  void begin_array() override { open(Json::array()); }
  void begin_object() override { open(Json::object()); }
  void key(std::string_view key) override { key_ = valid_key(*open_.back(), key); }
  void end() override { open_.pop_back(); }

 private:
  Json& next() {
    if (open_.empty()) return root_;
    Json& in = *open_.back();
    return in.is_array() ? in.emplace_back() : in[std::exchange(key_, {})];
  }

  void open(Json empty) {
    Json& opened = next();
    opened = std::move(empty);
    open_.push_back(&opened);
  }

  Json& root_;
  std::vector<Json*> open_;  // only the last one grows, so the others stay where they are
  std::string key_;
};

}  // namespace cano::detail
