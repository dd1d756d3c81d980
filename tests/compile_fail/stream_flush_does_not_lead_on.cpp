// SPDX-License-Identifier: MIT
// expect: cano: the third function of stream returns a std::optional of the next state
#include <optional>
#include <span>
#include <string>

#include <cano/compose/stream.hpp>
#include <cano/workflow/workflow.hpp>

enum class State { Start, Done };

struct Data {
  int value = 0;
};
struct Numbers {
  std::optional<int> next() { return std::nullopt; }
};

using Flow = cano::Workflow<State, Data>;

void build() {
  const auto open = [](Data&) { return Numbers{}; };
  const auto work = [](const int& number) { return number; };
  const auto flush = [](Data&, std::span<int>) {};
#ifdef CANO_MISTAKE
  const auto stream = cano::stream(open, work, flush);
#else
  const auto stream = cano::stream(open, work, flush).at_end(State::Done);
#endif
  Flow{State::Start}.add(State::Start, stream);
}
