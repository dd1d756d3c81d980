// SPDX-License-Identifier: MIT
// The program of a project that uses cano; every way to get the library but find_package builds
// this one. Of all that needs Boost.Asio and threads it is what compiles soonest.
#include <chrono>
#include <cstdio>

#include <cano/runtime/runtime.hpp>
#include <cano/state.hpp>
#include <cano/time/sleep.hpp>
#include <cano/version.hpp>

enum class State { Start, Done };

int main() {
  cano::Runtime runtime{1};
  runtime.run(cano::sleep_for(std::chrono::milliseconds{0}));
  std::printf("cano %s: %s\n", CANO_VERSION_STRING, cano::state_name(State::Done).c_str());
}
