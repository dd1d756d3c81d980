// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace cano::detail {

/// Takes the name of a file as `std::filesystem::path` would, and a path itself, without the header
/// of that: including it takes a compiler half a second.
class FileName {
 public:
  // NOLINTBEGIN(google-explicit-constructor): it is what it is made from
  template <std::convertible_to<std::string_view> Text>
  FileName(const Text& text) : name_{std::string_view{text}} {}

  template <class Path>
    requires requires(const Path& path) {
      { path.string() } -> std::convertible_to<std::string>;
      path.filename();
    }
  FileName(const Path& path) : name_{path.string()} {}
  // NOLINTEND(google-explicit-constructor)

  const std::string& text() const noexcept { return name_; }

 private:
  std::string name_;
};

}  // namespace cano::detail
