// SPDX-License-Identifier: MIT
// The program of a project that uses cano; every way to get the library builds this one.
#include <cstdio>

#include <cano.hpp>

enum class State { Start, Done };

int main() {
  std::printf("cano %s: %s\n", CANO_VERSION_STRING, cano::state_name(State::Done).c_str());
}
