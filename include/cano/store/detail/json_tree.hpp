// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <cano/detail/input_range.hpp>

namespace cano::detail {

/// A value on its way to JSON.
///
/// nlohmann/json.hpp costs a second a file to compile, and what can be written is decided wherever
/// something is put into a store. So a value becomes this tree there, which needs the forward
/// declaration only, and the tree becomes JSON where `to_json` is called.
struct JsonTree {
  using Array = std::vector<JsonTree>;
  using Object = std::vector<std::pair<std::string, JsonTree>>;
  using Writer = std::function<void(nlohmann::json&)>;  // a type's own to_json

  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array,
               Object, Writer>
      node;
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

template <class T> JsonTree to_tree(const T& value);

template <class T> JsonTree number_to_tree(T number) {
  if constexpr (std::same_as<T, bool>) {
    return {number};
  } else if constexpr (std::floating_point<T>) {
    return {static_cast<double>(number)};
  } else if constexpr (std::signed_integral<T>) {
    return {static_cast<std::int64_t>(number)};
  } else {
    return {static_cast<std::uint64_t>(number)};
  }
}

// A type with a to_json of its own: called later, while `value` is still there.
template <class T> JsonTree::Writer own_writer(const T& value) {
  return [&value](nlohmann::json& out) {
    if constexpr (std::same_as<T, nlohmann::json>) {
      out = value;
    } else if constexpr (json_lookup::HasToJson<T>) {
      json_lookup::write(out, value);
    } else {
      nlohmann::adl_serializer<T>::to_json(out, value);
    }
  };
}

template <class T> JsonTree range_to_tree(const T& range) {
  if constexpr (JsonObject<T>) {
    JsonTree::Object object;
    for (const auto& [key, value] : range)
      object.emplace_back(std::string{std::string_view{key}}, to_tree(value));
    return {std::move(object)};
  } else {
    JsonTree::Array array;
    for (const RangeValue<const T>& value : range)
      array.push_back(to_tree(value));
    return {std::move(array)};
  }
}

/// `value` as a tree, which may refer to it. Only for types that are `json_writable`.
template <class T> JsonTree to_tree(const T& value) {
  if constexpr (std::is_null_pointer_v<T>) {
    return {nullptr};
  } else if constexpr (std::is_arithmetic_v<T>) {
    return number_to_tree(value);
  } else if constexpr (JsonText<T>) {
    return {std::string{std::string_view{value}}};
    // NOLINTNEXTLINE(bugprone-branch-clone): before ranges, which these may be too
  } else if constexpr (std::same_as<T, nlohmann::json> || json_lookup::HasToJson<T>) {
    return {own_writer(value)};
  } else if constexpr (JsonObject<T> || JsonArray<T>) {
    return range_to_tree(value);
  } else if constexpr (JsonOptional<T>) {
    return value ? to_tree(*value) : JsonTree{nullptr};
  } else if constexpr (JsonTuple<T>) {
    const auto elements = [](const auto&... element) {
      return JsonTree::Array{to_tree(element)...};
    };
    return {std::apply(elements, value)};
  } else if constexpr (std::is_enum_v<T>) {
    return number_to_tree(static_cast<std::underlying_type_t<T>>(value));
  } else {
    return {own_writer(value)};
  }
}

/// The tree as JSON. A template, so that only who calls it needs nlohmann/json.hpp.
template <class Json> Json from_tree(JsonTree tree) {
  return std::visit(
      []<class Node>(Node& node) -> Json {
        if constexpr (std::same_as<Node, JsonTree::Writer>) {
          Json out;
          node(out);
          return out;
        } else if constexpr (std::same_as<Node, JsonTree::Array>) {
          Json out = Json::array();
          for (JsonTree& element : node)
            out.push_back(from_tree<Json>(std::move(element)));
          return out;
        } else if constexpr (std::same_as<Node, JsonTree::Object>) {
          Json out = Json::object();
          for (auto& [key, element] : node)
            out[std::move(key)] = from_tree<Json>(std::move(element));
          return out;
        } else {
          return Json(std::move(node));
        }
      },
      tree.node);
}

}  // namespace cano::detail
