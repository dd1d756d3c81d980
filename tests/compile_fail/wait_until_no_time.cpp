// SPDX-License-Identifier: MIT
// expect: cano: the function of wait_until takes .* returns a system_time
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cano/compose/each.hpp>
#include <cano/compose/poll.hpp>
#include <cano/compose/split.hpp>
#include <cano/compose/sub_workflow.hpp>
#include <cano/compose/wait.hpp>
#include <cano/workflow/workflow.hpp>

enum class State { Start, Done };

struct Data {
  std::vector<int> numbers;
  int value = 0;
};

using Flow = cano::Workflow<State, Data>;

void build() {
#ifdef CANO_MISTAKE
  const auto when = [](const Data& data) { return data.value; };
#else
  const auto when = [](const Data&) { return cano::system_time{}; };
#endif
  Flow{State::Start}.add(State::Start, cano::wait_until(when, State::Done));
}
