// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano/store/detail/json_sink.hpp>

namespace cano::detail {

/// Makes JSON of what it is told. A template, so that only who uses it needs nlohmann/json.hpp.
template <class Json> class JsonBuilder final : public JsonSink {
 public:
  /// `root` becomes the value that is told.
  explicit JsonBuilder(Json& root) : root_{root} {}

  void write(std::nullptr_t) override { next() = nullptr; }
  void write(bool value) override { next() = value; }
  void write(std::int64_t number) override { next() = number; }
  void write(std::uint64_t number) override { next() = number; }
  void write(double number) override { next() = number; }
  void write(std::string_view text) override { next() = std::string{text}; }
  void write_own(OwnToJson to_json, const void* value) override { to_json(next(), value); }

  void begin_array() override { open(Json::array()); }
  void begin_object() override { open(Json::object()); }
  void key(std::string_view key) override { key_ = key; }
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
