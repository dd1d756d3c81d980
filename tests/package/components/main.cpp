// SPDX-License-Identifier: MIT
// Uses the components that it is linked with, each in a file of its own.
#include <cstdio>

#include <cano/state.hpp>
#include <cano/version.hpp>

enum class State { Start, Done };

bool has_zones();
bool has_metrics();

int main() {
  bool works = true;
#ifdef WITH_TIME_ZONES
  works = works && has_zones();
#endif
#ifdef WITH_PROMETHEUS
  works = works && has_metrics();
#endif
  if (works)
    std::printf("cano %s: %s\n", CANO_VERSION_STRING, cano::state_name(State::Done).c_str());
}
