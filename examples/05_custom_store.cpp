// SPDX-License-Identifier: MIT
// Any type can be the store: with a struct of your own the compiler knows every field, and nothing
// is looked up.

#include <iostream>
#include <string>
#include <vector>

#include <cano.hpp>

enum class State { Accept, Price, Done };

//! [store]
struct RequestContext {
  std::string request_id;
  std::vector<int> cents;
  int total = 0;
};

struct Accept {
  State run(RequestContext& request) const {
    std::cout << "Request " << request.request_id << ": " << request.cents.size() << " items\n";
    return State::Price;
  }
};

struct Price {
  std::vector<int> prep(const RequestContext& request) const { return request.cents; }

  int exec(const std::vector<int>& cents) const {
    int total = 0;
    for (const int price : cents)
      total += price;
    return total;
  }

  State post(RequestContext& request, int total) const {
    request.total = total;
    return State::Done;
  }
};
//! [store]

int main() {
  //! [workflow]
  const auto workflow = cano::Workflow<State, RequestContext>{State::Accept}
                            .add(State::Accept, Accept{})
                            .add(State::Price, Price{})
                            .add_exit_state(State::Done);
  RequestContext request{.request_id = "r-17", .cents = {250, 1999, 75}};
  cano::run(workflow, request);
  //! [workflow]
  std::cout << "Total: " << request.total << " cents\n";
}
