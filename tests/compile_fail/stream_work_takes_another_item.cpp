// SPDX-License-Identifier: MIT
// expect: cano: the second function of stream takes a const Item&
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
  const auto other = [](const std::string& text) { return static_cast<int>(text.size()); };
#else
  const auto& other = work;
#endif
  Flow{State::Start}.add(State::Start, cano::stream(open, other, flush).at_end(State::Done));
}
