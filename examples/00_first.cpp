// SPDX-License-Identifier: MIT
#include <iostream>
#include <stdexcept>
#include <string>

#include <cano/workflow.hpp>

enum class State { Fetch, Print, Done };

struct Page {
  int tries = 0;
  std::string text;
};

State fetch(Page& page) {
  if (++page.tries == 1) throw std::runtime_error{"connection reset"};  // tried again after 100 ms
  page.text = "Fetched at try " + std::to_string(page.tries);
  return State::Print;
}

State print(Page& page) {
  std::cout << page.text << '\n';
  return State::Done;
}

int main() {
  const auto workflow = cano::Workflow<State, Page>{State::Fetch}
                            .add(State::Fetch, fetch)
                            .add(State::Print, print)
                            .add_exit_state(State::Done);
  Page page;
  cano::run(workflow, page);
}
