// SPDX-License-Identifier: MIT
// expect: cano: the work of an each takes a const Item&, or the store and a const Item&
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
  const auto items = [](const Data& data) { return data.numbers; };
#ifdef CANO_MISTAKE
  const auto work = [](const std::string& text) { return text.size(); };
#else
  const auto work = [](const int& number) { return number; };
#endif
  Flow{State::Start}.add(State::Start,
                         cano::each(items, work).join(cano::Join::all(), State::Done));
}
