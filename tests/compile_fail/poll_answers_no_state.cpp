// SPDX-License-Identifier: MIT
// expect: cano: the function of poll returns a std::optional of the next state
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cano/compose/each.hpp>
#include <cano/compose/poll.hpp>
#include <cano/compose/split.hpp>
#include <cano/compose/sub_workflow.hpp>
#include <cano/workflow/workflow.hpp>

enum class State { Start, Done };

struct Data {
  std::vector<int> numbers;
  int value = 0;
};

using Flow = cano::Workflow<State, Data>;

void build() {
#ifdef CANO_MISTAKE
  const auto ask = [](Data& data) { return std::optional{data.value}; };
#else
  const auto ask = [](Data&) { return std::optional{State::Done}; };
#endif
  Flow{State::Start}.add(State::Start, cano::poll(ask));
}
