// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <nlohmann/json_fwd.hpp>

#include <cano/detail/input_range.hpp>

namespace cano::detail {

/// The interface through which a value is written as JSON, piece by piece.
///
/// nlohmann/json.hpp costs two seconds a file to compile, and what can be written is decided
/// wherever something is put into a store. So that place needs this class only, and JSON is made of
/// what is written to it where `to_json` is called.
class JsonSink {
 public:
  using OwnToJson = void (*)(nlohmann::json& out, const void* value);

  JsonSink() = default;
  JsonSink(const JsonSink&) = delete;
  JsonSink& operator=(const JsonSink&) = delete;

  virtual void write(std::nullptr_t) = 0;
  virtual void write(bool value) = 0;
  virtual void write(std::int64_t number) = 0;
  virtual void write(std::uint64_t number) = 0;
  virtual void write(double number) = 0;
  virtual void write(std::string_view text) = 0;

  /// A value whose type has a `to_json` of its own.
  virtual void write_own(OwnToJson to_json, const void* value) = 0;

  /// What is written from here to its `end` are its elements; in an object, each after its key.
  virtual void begin_array() = 0;
  virtual void begin_object() = 0;
  virtual void key(std::string_view key) = 0;
  virtual void end() = 0;

 protected:
  ~JsonSink() = default;
};

template <class T>
concept JsonText = std::convertible_to<const T&, std::string_view>;

namespace json_lookup {

void to_json() = delete;  // hides those of cano: only the one beside the type is meant

template <class T>
concept HasToJson = requires(nlohmann::json& out, const T& value) { to_json(out, value); };

template <class T> void write(nlohmann::json& out, const T& value) { to_json(out, value); }

}  // namespace json_lookup

template <class T>
concept JsonBySerializer = requires(nlohmann::json& out, const T& value) {
  nlohmann::adl_serializer<T>::to_json(out, value);
};

template <class T>
concept JsonTuple = requires { std::tuple_size<T>::value; };

template <class T>
concept JsonOptional = std::same_as<T, std::optional<typename T::value_type>>;

template <class T>
concept JsonObject = InputRange<const T> && requires {
  typename T::mapped_type;
  requires JsonText<typename T::key_type>;
};

template <class T> constexpr bool json_writable();

template <class T>
concept JsonArray = InputRange<const T> && !std::same_as<RangeValue<const T>, T>;

template <class Tuple, std::size_t... At>
constexpr bool json_elements_writable(std::index_sequence<At...>) {
  return (json_writable<std::remove_cv_t<std::tuple_element_t<At, Tuple>>>() && ...);
}

/// Whether JSON can hold a `T`: what nlohmann_json writes, and `std::optional`.
template <class T> constexpr bool json_writable() {
  if constexpr (std::is_arithmetic_v<T> || std::is_null_pointer_v<T> || JsonText<T>) {
    return !std::is_pointer_v<T>;
  } else if constexpr (std::same_as<T, nlohmann::json> || json_lookup::HasToJson<T>) {
    return true;
  } else if constexpr (JsonObject<T>) {
    return json_writable<typename T::mapped_type>();
  } else if constexpr (JsonArray<T>) {
    return json_writable<RangeValue<const T>>();
  } else if constexpr (JsonOptional<T>) {
    return json_writable<typename T::value_type>();
  } else if constexpr (JsonTuple<T>) {
    return json_elements_writable<T>(std::make_index_sequence<std::tuple_size_v<T>>{});
  } else {
    return std::is_enum_v<T> || JsonBySerializer<T>;
  }
}

template <class T> void write_json(const T& value, JsonSink& sink);

template <class T> void write_number(T number, JsonSink& sink) {
  if constexpr (std::same_as<T, bool>) {
    sink.write(number);
  } else if constexpr (std::floating_point<T>) {
    sink.write(static_cast<double>(number));
  } else if constexpr (std::signed_integral<T>) {
    sink.write(static_cast<std::int64_t>(number));
  } else {
    sink.write(static_cast<std::uint64_t>(number));
  }
}

template <class T> void own_to_json(nlohmann::json& out, const void* object) {
  const T& value = *static_cast<const T*>(object);
  if constexpr (std::same_as<T, nlohmann::json>) {
    out = value;
  } else if constexpr (json_lookup::HasToJson<T>) {
    json_lookup::write(out, value);
  } else {
    nlohmann::adl_serializer<T>::to_json(out, value);
  }
}

template <class T> void write_range(const T& range, JsonSink& sink) {
  if constexpr (JsonObject<T>) {
    sink.begin_object();
    for (const auto& [key, value] : range) {
      sink.key(std::string_view{key});
      write_json(value, sink);
    }
  } else {
    sink.begin_array();
    for (const RangeValue<const T>& value : range)
      write_json(value, sink);
  }
  sink.end();
}

template <class T> void write_tuple(const T& tuple, JsonSink& sink) {
  sink.begin_array();
  std::apply([&](const auto&... element) { (write_json(element, sink), ...); }, tuple);
  sink.end();
}

/// Writes the value to `sink`. Only for types that are `json_writable`.
template <class T> void write_json(const T& value, JsonSink& sink) {
  if constexpr (std::is_null_pointer_v<T>) {
    sink.write(nullptr);
  } else if constexpr (std::is_arithmetic_v<T>) {
    write_number(value, sink);
  } else if constexpr (JsonText<T>) {
    sink.write(std::string_view{value});
    // NOLINTNEXTLINE(bugprone-branch-clone): before ranges, which these may be too
  } else if constexpr (std::same_as<T, nlohmann::json> || json_lookup::HasToJson<T>) {
    sink.write_own(&own_to_json<T>, std::addressof(value));
  } else if constexpr (JsonObject<T> || JsonArray<T>) {
    write_range(value, sink);
  } else if constexpr (JsonOptional<T>) {
    value ? write_json(*value, sink) : sink.write(nullptr);
  } else if constexpr (JsonTuple<T>) {
    write_tuple(value, sink);
  } else if constexpr (std::is_enum_v<T>) {
    write_number(static_cast<std::underlying_type_t<T>>(value), sink);
  } else {
    sink.write_own(&own_to_json<T>, std::addressof(value));
  }
}

}  // namespace cano::detail
