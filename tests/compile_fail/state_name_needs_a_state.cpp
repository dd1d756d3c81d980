// SPDX-License-Identifier: MIT
// expect: no matching function for call to .state_name
#include <string>

#include <cano/state.hpp>

struct NotHashable {
  bool operator==(const NotHashable&) const = default;
};

#ifdef CANO_MISTAKE
std::string name() { return cano::state_name(NotHashable{}); }
#else
std::string name() { return cano::state_name(7); }
#endif
