// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <cano/compose/detail/join_rule.hpp>
#include <cano/compose/join.hpp>
#include <cano/error.hpp>
#include <cano/observe/event.hpp>

#include "support/branches.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

namespace join_tests {

using namespace std::chrono_literals;
using branches::Rule;
using cano::Errc;
using cano::Join;
using cano::Outcome;

struct Case {
  Join join;
  Rule rule;
  std::size_t needed;
};

std::vector<Case> cases(std::size_t branches) {
  std::vector<Case> all{{Join::all(), Rule::All, 0},
                        {Join::any(), Rule::Any, 0},
                        {Join::settled(), Rule::Settled, 0},
                        {Join::fraction(0.5), Rule::Quorum, (branches + 1) / 2},
                        {Join::fraction(1), Rule::All, 0}};
  for (std::size_t k = 1; k <= branches; ++k) {
    all.push_back({Join::quorum(k), Rule::Quorum, k});
    all.push_back({Join::first(k), Rule::First, k});
  }
  return all;
}

TEST_CASE("a join is decided at the earliest moment, and holds when it should") {
  for (std::size_t branches = 1; branches <= 5; ++branches) {
    for (const Case& c : cases(branches)) {
      for (unsigned bits = 0; bits < (1U << branches); ++bits) {
        cano::detail::JoinRule rule = c.join.rule(branches);
        std::vector<Outcome> outcomes(branches, Outcome::Cancelled);
        INFO(c.join.text() << " of " << branches << ", " << bits);
        for (std::size_t i = 0; i < branches; ++i) {
          CHECK(rule.holds() == branches::rule_holds(c.rule, c.needed, outcomes));
          CHECK(rule.is_decided() == branches::is_decided(c.rule, c.needed, outcomes));
          const bool succeeds = ((bits >> i) & 1U) != 0;
          outcomes[i] = succeeds ? Outcome::Success : Outcome::Failed;
          succeeds ? rule.succeeded() : rule.failed();
          CHECK(rule.ended() == i + 1);
        }
        CHECK(rule.is_decided());
        CHECK(rule.holds() == branches::rule_holds(c.rule, c.needed, outcomes));
      }
    }
  }
}

TEST_CASE("without branches all and settled hold, the others do not") {
  CHECK(Join::all().rule(0).holds());
  CHECK(Join::settled().rule(0).holds());
  for (const Join& join :
       {Join::any(), Join::quorum(1), Join::quorum(3), Join::first(1), Join::fraction(0.1)}) {
    INFO(join.text());
    CHECK_FALSE(join.rule(0).holds());
    CHECK(join.rule(0).is_decided());
  }
}

TEST_CASE("a join that no branches can satisfy is refused at once") {
  const auto refuses = [](auto make, const std::string& text) {
    const cano::Error error = error_of(make);
    CHECK(error.errc() == Errc::Configuration);
    CHECK(error.message() == text);
  };
  refuses([] { Join::quorum(0); }, "Join: the number of branches must be at least 1, not 0");
  refuses([] { Join::first(0); }, "Join: the number of branches must be at least 1, not 0");
  refuses([] { Join::quorum(static_cast<std::size_t>(-2)); },
          "Join: the number of branches must be at least 1, not -2");
  for (const double share : {0.0, -0.5, 1.0001, std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(error_of([&] { Join::fraction(share); }).errc() == Errc::Configuration);
  }
  refuses([] { static_cast<void>(Join::all().within(0ms)); },
          "Join::within: the limit must be positive, not 0 ns");
  refuses([] { static_cast<void>(Join::all().within(-1us)); },
          "Join::within: the limit must be positive, not -1000 ns");
  refuses([] { static_cast<void>(Join::quorum(3).rule(2)); },
          "Join::quorum(3): there are only 2 branches");
  refuses([] { static_cast<void>(Join::first(2).rule(1)); },
          "Join::first(2): there are only 1 branch");
}

TEST_CASE("a share is rounded up, but not because of how doubles are") {
  const auto needed = [](double share, std::size_t of) {
    return Join::fraction(share).rule(of).needed();
  };
  CHECK(needed(0.5, 3) == 2);
  CHECK(needed(0.5, 4) == 2);
  CHECK(needed(0.01, 5) == 1);
  CHECK(needed(1e-12, 1) == 1);
  CHECK(needed(1, 7) == 7);
  for (std::size_t of = 1; of <= 1000; ++of) {
    for (std::size_t k = 1; k <= of; k += 1 + of / 10) {
      INFO(k << " of " << of);
      CHECK(needed(static_cast<double>(k) / static_cast<double>(of), of) == k);
    }
  }
}

TEST_CASE("a join says what it is") {
  CHECK(Join::all().text() == "all");
  CHECK(Join::any().text() == "any");
  CHECK(Join::quorum(2).text() == "quorum(2)");
  CHECK(Join::first(3).text() == "first(3)");
  CHECK(Join::fraction(0.5).text() == "fraction(0.5)");
  CHECK(Join::fraction(1).text() == "fraction(1.0)");
  CHECK(Join::settled().text() == "settled");
}

TEST_CASE("a join is a value: what with and without changes makes leaves it as it was") {
  const Join join = Join::all();
  const Join changed = join.within(2s).keep_going();
  CHECK_FALSE(join.limit());
  CHECK_FALSE(join.keeps_going());
  CHECK(changed.limit() == 2s);
  CHECK(changed.keeps_going());
  CHECK(Join::all().within(std::chrono::hours{24} * 365 * 1000).limit() > std::chrono::hours{24});
}

}  // namespace join_tests
