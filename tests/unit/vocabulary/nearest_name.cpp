// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <cano/detail/nearest_name.hpp>

#include "support/catch.hpp"

using cano::detail::did_you_mean;
using cano::detail::edit_distance;
using Names = std::vector<std::string>;

TEST_CASE("edits are counted: one to insert, remove, replace or swap") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("report", "report") == 0);
  CHECK(edit_distance("report", "REPORT") == 0);
  CHECK(edit_distance("report", "reprot") == 1);
  CHECK(edit_distance("report", "reports") == 1);
  CHECK(edit_distance("report", "eport") == 1);
  CHECK(edit_distance("report", "resort") == 1);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("a mistyped name is answered with the nearest one") {
  const Names names{"backup", "nightly-report", "poll", "report"};
  CHECK(did_you_mean("reprot", names) == "; did you mean 'report'?");
  CHECK(did_you_mean("Report", names) == "; did you mean 'report'?");
  CHECK(did_you_mean("nightly_report", names) == "; did you mean 'nightly-report'?");
  CHECK(did_you_mean("pol", names) == "; did you mean 'poll'?");
  CHECK(did_you_mean("backups", names) == "; did you mean 'backup'?");
}

TEST_CASE("nothing is guessed when no name is near") {
  const Names names{"backup", "poll", "a", ""};
  CHECK(did_you_mean("report", names).empty());
  CHECK(did_you_mean("b", names).empty());  // of one letter, every letter is another name
  CHECK(did_you_mean("", names).empty());
  CHECK(did_you_mean("poll", Names{"poll"}).empty());  // that is the name itself
  CHECK(did_you_mean("poll", Names{}).empty());
  const std::string endless(1'000'000, 'x');
  CHECK(did_you_mean(endless, Names{endless + 'y'}).empty());
  CHECK(did_you_mean("poll", Names{endless}).empty());
}

TEST_CASE("of equally near names the first counts, and any range of texts will do") {
  CHECK(did_you_mean("jobx", Names{"job1", "job2"}) == "; did you mean 'job1'?");
  CHECK(did_you_mean("jobx", std::set<std::string_view>{"job2", "job1"}) ==
        "; did you mean 'job1'?");
  CHECK(did_you_mean("jobx", std::array{"job3", "job2"}) == "; did you mean 'job3'?");
}

TEST_CASE("one random edit is always found, and is one edit both ways") {
  std::mt19937 random{7};
  const auto pick = [&](std::size_t below) { return random() % below; };
  for (int i = 0; i < 500; ++i) {
    std::string name;
    for (std::size_t length = 3 + pick(12); name.size() < length;)
      name += static_cast<char>('a' + pick(26));
    std::string typed = name;
    const std::size_t at = pick(name.size());
    switch (pick(3)) {
      case 0:
        typed.erase(at, 1);
        break;
      case 1:
        typed.insert(at, 1, '_');
        break;
      default:
        typed[at] = '_';
    }
    CAPTURE(name, typed);
    REQUIRE(edit_distance(typed, name) == 1);
    REQUIRE(edit_distance(name, typed) == 1);
    if (typed.size() < 3) continue;
    REQUIRE(did_you_mean(typed, Names{"0123456789", name}) == "; did you mean '" + name + "'?");
  }
}
