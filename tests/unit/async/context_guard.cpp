// SPDX-License-Identifier: MIT
#include <atomic>
#include <thread>
#include <vector>

#include <cano/async/detail/context_guard.hpp>

#include "support/catch.hpp"
#include "support/races.hpp"

using cano::detail::ContextGuard;

TEST_CASE("a guard lets in until it is closed") {
  ContextGuard guard;
  int uses = 0;
  CHECK(guard.run_if_alive([&] { ++uses; }));
  bool is_last = false;
  guard.close([&] { is_last = uses == 1; });
  CHECK(is_last);
  CHECK_FALSE(guard.run_if_alive([&] { ++uses; }));
  CHECK(uses == 1);
}

// A wrapper around the executor of a coroutine posts through both.
TEST_CASE("a thread that is inside may enter again") {
  ContextGuard guard;
  int uses = 0;
  CHECK(guard.run_if_alive([&] { CHECK(guard.run_if_alive([&] { ++uses; })); }));
  CHECK(uses == 1);
}

TEST_CASE("a guard that is closed waits for those inside") {
  for (int i = 0; i < races(200, 50); ++i) {
    ContextGuard guard;
    std::atomic<bool> is_gone = false;
    std::atomic<int> late = 0;
    std::vector<std::thread> users;
    for (int user = 0; user < 2; ++user) {
      users.emplace_back([&] {
        while (guard.run_if_alive([&] {
          if (is_gone) ++late;
        })) {
        }
      });
    }
    guard.close([&] { is_gone = true; });
    for (std::thread& user : users)
      user.join();
    CHECK(late == 0);
  }
}
