// SPDX-License-Identifier: MIT
// Each instance has a struct of its own as its store: no map, no locks, no copies.

#include <iostream>
#include <string>
#include <vector>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/run.hpp>

enum class Step { Parse, Price, Done };

struct Request {
  std::string text;
  int quantity = 0;
  double price = 0;
};

Step parse(Request& request) {
  request.quantity = std::stoi(request.text);  // throws what is no number: that instance fails
  return Step::Price;
}

Step price(Request& request) {
  request.price = request.quantity * 2.5;
  return Step::Done;
}

int main() {
  const auto workflow = cano::ConcurrentWorkflow<Step, Request>{Step::Parse}
                            .add(Step::Parse, parse, cano::TaskConfig::minimal())
                            .add(Step::Price, price)
                            .add_exit_state(Step::Done);

  std::vector<Request> requests{{.text = "4"}, {.text = "many"}, {.text = "10"}};
  const auto [results, status] =
      cano::run(workflow.execute_concurrent(requests, cano::WaitForever{}));

  for (std::size_t i = 0; i < results.size(); ++i) {
    std::cout << requests[i].text << ": ";
    if (results[i].is_success()) {
      std::cout << requests[i].price << '\n';
    } else {
      std::cout << "failed in " << cano::state_name(results[i].state()) << " ("
                << results[i].error_message() << ")\n";
    }
  }
}
