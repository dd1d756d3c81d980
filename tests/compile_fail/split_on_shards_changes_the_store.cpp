// SPDX-License-Identifier: MIT
// expect: cano: with \.on\(runtime\) the branches of a split .* may only read the store
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

#ifdef CANO_MISTAKE
int work(Data& data) { return ++data.value; }
#else
int work(const Data& data) { return data.value; }
#endif

void build(cano::Runtime& runtime) {
  Flow{State::Start}.add(State::Start,
                         cano::split(work).on(runtime).join(cano::Join::all(), State::Done));
}
