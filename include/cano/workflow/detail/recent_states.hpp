// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace cano::detail {

/// The names of the last states of a run, for the error that ends a loop.
class RecentStates {
 public:
  static constexpr std::size_t capacity = 8;

  void push(std::string name) {
    if (names_.size() == capacity) names_.erase(names_.begin());
    names_.push_back(std::move(name));
  }

  /// "A -> B -> C", oldest first.
  std::string text() const {
    std::string text;
    for (const std::string& name : names_) {
      if (!text.empty()) text += " -> ";
      text += name;
    }
    return text;
  }

 private:
  std::vector<std::string> names_;
};

}  // namespace cano::detail
