// SPDX-License-Identifier: MIT
// A store on the stack, with all it holds. Its containers take their memory from a buffer
// inside of it and nowhere else: what does not fit fails, instead of growing on the heap. The store
// can neither be copied nor moved, and need not be: a run only refers to it.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <iomanip>
#include <iostream>
#include <memory_resource>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

#include <cano/error.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/run.hpp>

enum class State { Parse, Measure, Respond, Done };

struct Sale {
  std::string_view customer;  // a part of the request
  int cents = 0;
};

//! [store]
class RequestStore {
  std::array<std::byte, 512> buffer_;  // enough for eight sales
  std::pmr::monotonic_buffer_resource memory_{buffer_.data(), buffer_.size(),
                                              std::pmr::null_memory_resource()};

 public:
  explicit RequestStore(std::string_view text) : request{text} {}

  std::string_view request;
  std::pmr::vector<Sale> sales{&memory_};
  int revenue_cents = 0;
  Sale largest{};
  std::pmr::string response{&memory_};
};
//! [store]
static_assert(!std::is_move_constructible_v<RequestStore>);

// "ann 1999;bob 250" becomes two sales.
State parse(RequestStore& store) {
  std::string_view rest = store.request;
  while (!rest.empty()) {
    const auto sale = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(sale.size() + 1, rest.size()));
    const auto space = sale.find(' ');
    int cents = -1;
    if (space != sale.npos)
      std::from_chars(sale.data() + space + 1, sale.data() + sale.size(), cents);
    if (cents < 0)
      throw cano::Error{cano::Errc::Preparation, "'" + std::string{sale} + "' is not a sale"};
    store.sales.push_back(Sale{sale.substr(0, space), cents});
  }
  return State::Measure;
}

State measure(RequestStore& store) {
  for (const Sale& sale : store.sales) {
    store.revenue_cents += sale.cents;
    if (sale.cents > store.largest.cents) store.largest = sale;
  }
  return State::Respond;
}

State respond(RequestStore& store) {
  std::array<char, 16> cents{};
  const auto end = std::to_chars(cents.begin(), cents.end(), store.revenue_cents).ptr;
  store.response.append("revenue ").append(cents.data(), end).append(" cents, best customer ");
  store.response.append(store.largest.customer);
  return State::Done;
}

int main() {
  const auto once = cano::TaskConfig::minimal();  // another attempt would not find more room
  const auto workflow = cano::Workflow<State, RequestStore>{State::Parse}
                            .add(State::Parse, parse, once)
                            .add(State::Measure, measure)
                            .add(State::Respond, respond)
                            .add_exit_state(State::Done);

  std::string long_request;
  for (int i = 0; i < 100; ++i)
    long_request += "eve 100;";

  for (const std::string_view request :
       {std::string_view{"ann 1999;bob 250;cyd 4200;ann 75"}, std::string_view{"ann for free"},
        std::string_view{long_request}}) {
    RequestStore store{request};
    const auto result = cano::run(workflow.try_orchestrate(store));
    std::cout << std::setw(3) << request.size() << " bytes: ";
    if (result.is_success()) {
      std::cout << store.response << '\n';
    } else {
      std::cout << cano::state_name(result.state()) << " failed, " << result.error_message()
                << '\n';
    }
  }
}
