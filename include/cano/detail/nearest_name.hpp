// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cano::detail {

constexpr char folded_case(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// How many single-character edits (insert, remove, replace, swap of neighbours) make one name of
/// the other, whatever the case of ASCII letters. Quadratic in the lengths.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the usual table: the swap looks back by two.
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    last[j] = j;
  const auto same = [&](std::size_t i, std::size_t j) {
    return folded_case(a[i]) == folded_case(b[j]);
  };
  for (std::size_t i = 0; i < a.size(); ++i) {
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({last[j + 1] + 1, row[j] + 1, last[j] + (same(i, j) ? 0 : 1)});
      const bool is_swap = i > 0 && j > 0 && same(i, j - 1) && same(i - 1, j);
      if (is_swap) row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

/// Finds, among the names that there are, the one that a mistyped name probably means.
///
/// A candidate is near when at most a third of the wanted name has to be edited. Of equally near
/// ones the first counts. For error messages only: it copies the best candidate.
class NearestName {
 public:
  explicit NearestName(std::string_view wanted)
      : wanted_{wanted}, best_distance_{wanted.size() / 3 + 1} {}

  void consider(std::string_view candidate) {
    if (wanted_.size() > longest || candidate == wanted_) return;
    const std::size_t longer = std::max(wanted_.size(), candidate.size());
    const std::size_t shorter = std::min(wanted_.size(), candidate.size());
    if (longer - shorter >= best_distance_) return;
    const std::size_t distance = edit_distance(wanted_, candidate);
    if (distance >= best_distance_) return;
    best_distance_ = distance;
    best_ = candidate;
    is_found_ = true;
  }

  bool is_found() const noexcept { return is_found_; }
  const std::string& name() const noexcept { return best_; }

  /// "; did you mean 'report'?", to be put at the end of an error's text; empty when there is none.
  std::string question() const {
    return is_found_ ? "; did you mean '" + best_ + "'?" : std::string{};
  }

 private:
  static constexpr std::size_t longest = 200;  // a longer name is no slip of a hand

  std::string_view wanted_;
  std::size_t best_distance_;  // candidates must be nearer than that
  std::string best_;
  bool is_found_ = false;
};

/// `NearestName::question` for a range of what converts to `std::string_view`.
template <class Names> std::string did_you_mean(std::string_view wanted, const Names& candidates) {
  NearestName nearest{wanted};
  for (const auto& candidate : candidates)
    nearest.consider(candidate);
  return nearest.question();
}

}  // namespace cano::detail
