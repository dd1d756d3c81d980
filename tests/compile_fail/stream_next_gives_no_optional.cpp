// SPDX-License-Identifier: MIT
// expect: cano: next\(\) of the source of a stream gives a std::optional of an item
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
  struct Endless {
    int next() { return 1; }
  };
  const auto other = [](Data&) { return Endless{}; };
#else
  const auto& other = open;
#endif
  Flow{State::Start}.add(State::Start, cano::stream(other, work, flush).at_end(State::Done));
}
