// SPDX-License-Identifier: MIT
// The program of a project that uses cano; every way to get the library builds this one. Of all
// that needs Boost.Asio and threads it is what compiles soonest.
#include <chrono>
#include <cstdio>

#include <cano/runtime/runtime.hpp>
#include <cano/time/sleep.hpp>
#include <cano/version.hpp>

int main() {
  cano::Runtime runtime{1};
  runtime.run(cano::sleep_for(std::chrono::milliseconds{0}));
  std::printf("cano %s: Done\n", CANO_VERSION_STRING);
}
