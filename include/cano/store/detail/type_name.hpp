// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <cano/detail/enum_name.hpp>

namespace cano::detail {

inline std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string replaced;
  for (std::size_t at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
    replaced.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return replaced.append(text);
}

// Erases `, std::allocator<int>` and its like, which g++ spells out for some types.
inline void erase_argument(std::string& text, std::string_view start) {
  for (std::size_t at = text.find(start); at != std::string::npos; at = text.find(start, at)) {
    std::size_t end = at + start.size();
    for (int depth = 1; depth > 0 && end < text.size(); ++end)
      depth += text[end] == '<' ? 1 : text[end] == '>' ? -1 : 0;
    text.erase(at, end - at);
  }
}

/// What a person would write for the type that a compiler spells so.
inline std::string readable_type(std::string_view spelled) {
  using Replacement = std::pair<std::string_view, std::string_view>;
  // The same text from both compilers; of two that overlap the longer one comes first.
  static constexpr std::array<Replacement, 14> replacements{{
      {"std::__cxx11::", "std::"},
      {"std::__1::", "std::"},
      {"{anonymous}::", ""},
      {"(anonymous namespace)::", ""},
      {"std::basic_string<char>", "std::string"},
      {"std::basic_string_view<char>", "std::string_view"},
      {"long long unsigned int", "unsigned long long"},
      {"long long int", "long long"},
      {"long unsigned int", "unsigned long"},
      {"long int", "long"},
      {"short unsigned int", "unsigned short"},
      {"short int", "short"},
      {" *", "*"},
      {" (", "("},
  }};
  std::string name{spelled};
  for (const std::string_view start :
       {", std::allocator<", ", std::char_traits<", ", std::default_delete<", ", std::less<",
        ", std::hash<", ", std::equal_to<"}) {
    erase_argument(name, start);
  }
  name = replace_all(name, " >", ">");
  for (const auto& [from, to] : replacements)
    name = replace_all(name, from, to);
  return name;
}

/// "int", "std::string", "std::vector<unsigned long>".
template <class T> std::string type_name() {
  return readable_type(type_in_signature(spelled_type<T>()));
}

}  // namespace cano::detail
