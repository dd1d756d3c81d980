// SPDX-License-Identifier: MIT
// An agent: a model says which tools to call, they are called at the same time, and it is asked
// again with what they gave, until it answers or has had its turns.

#include <chrono>
#include <cstddef>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/compose/each.hpp>
#include <cano/compose/join.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/workflow.hpp>

using namespace std::chrono_literals;
using cano::Async;

enum class State { Think, UseTools, GiveUp, Done };

struct ToolCall {
  std::string tool;
  std::string argument;
};

struct Conversation {
  std::string question;
  std::vector<ToolCall> calls{};
  std::vector<std::string> notes{};  // what the tools gave
  std::size_t turns = 0;
  std::size_t most_turns = 4;
  std::string answer{};
};

// ---- the model: a stub that wants the weather of two towns, then a sum, then answers

Async<State> think(Conversation& talk) {
  co_await cano::sleep_for(300ms);
  if (++talk.turns > talk.most_turns) co_return State::GiveUp;
  if (talk.question == "Is it ever enough?") {
    talk.calls = {{"weather", "Nowhere"}};
    co_return State::UseTools;
  }
  switch (talk.turns) {
    case 1:
      talk.calls = {{"weather", "Graz"}, {"weather", "Wien"}, {"stars", "tonight"}};
      co_return State::UseTools;
    case 2:
      talk.calls = {{"sum", "21 + 25"}};
      co_return State::UseTools;
    default:
      talk.answer = "46 degrees in all";
      co_return State::Done;
  }
}

// ---- the tools: each with its own retries and limit

//! [tools]
Async<std::string> use(const ToolCall& call, cano::TaskContext& context) {
  if (call.tool == "weather") {
    co_await cano::sleep_for(200ms);
    if (call.argument == "Wien" && context.attempt() == 1) throw std::runtime_error{"busy"};
    co_return call.argument + (call.argument == "Graz" ? ": 21" : ": 25");
  }
  if (call.tool == "sum") co_return call.argument + " = 46";
  co_await cano::sleep_for(1h);  // a tool that hangs
  co_return "";
}

const auto use_tools =
    cano::each([](Conversation& talk) { return std::exchange(talk.calls, {}); }, use,
               cano::TaskConfig{}.with_fixed_retry(1, 50ms).with_attempt_timeout(400ms))
        .join(cano::Join::settled(),
              [](Conversation& talk, std::span<cano::BranchResult<std::string>> results) {
                for (auto& result : results) {
                  // What has failed goes to the model like everything else.
                  talk.notes.push_back(result.is_success() ? result.value()
                                                           : "failed: " + result.error_message());
                  std::cout << "  " << talk.notes.back() << '\n';
                }
                return State::Think;
              });
//! [tools]

State give_up(Conversation& talk) {
  talk.answer = "no answer after " + std::to_string(talk.most_turns) + " turns";
  return State::Done;
}

int main() {
  const auto agent = cano::Workflow<State, Conversation>{State::Think}
                         .add(State::Think, think)
                         .add(State::UseTools, use_tools)
                         .add(State::GiveUp, give_up)
                         .add_exit_state(State::Done)
                         .with_max_transitions(100);
  cano::VirtualTime time;
  for (const char* const question : {"How warm are two towns?", "Is it ever enough?"}) {
    std::cout << question << '\n';
    const auto began = time.elapsed();
    Conversation talk{question};
    time.run(agent.orchestrate(talk));
    std::cout
        << talk.answer << ", after "
        << std::chrono::duration_cast<std::chrono::milliseconds>(time.elapsed() - began).count()
        << " ms\n";
  }
}
