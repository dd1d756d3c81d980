// SPDX-License-Identifier: MIT
// A MemoryStore keeps values of any type under names. A Key joins such a name and its type, once,
// so that the two cannot come apart.

#include <iostream>
#include <string>
#include <vector>

#include <cano.hpp>

enum class State { Login, Greet, Done };

//! [keys]
inline constexpr cano::Key<int> user_id{"user_id"};
inline constexpr cano::Key<std::string> user_name{"user_name"};
inline constexpr cano::Key<std::vector<int>> scores{"scores"};

State login(cano::MemoryStore& store) {
  const int id = store.get(user_id);  // an int, and nothing else
  store.put(user_name, "Alice #" + std::to_string(id));
  return State::Greet;
}
//! [keys]

State greet(cano::MemoryStore& store) {
  std::cout << "Hello " << store.get(user_name) << ", your scores:";
  store.with(scores, [](const std::vector<int>& list) {  // no copy
    for (const int score : list)
      std::cout << ' ' << score;
  });
  std::cout << '\n';
  return State::Done;
}

int main() {
  //! [store]
  cano::MemoryStore store;
  store.put("user_id", 123);
  store.append("scores", 85);  // makes a std::vector<int>
  store.append("scores", 92);
  store.update<int>("visits", [](int& visits) { ++visits; });  // from int{}, atomic

  const auto visits = store.get<int>("visits");
  const auto language = store.get_or<std::string>("language", "en");
  const auto email = store.find<std::string>("email");  // a std::optional
  //! [store]
  std::cout << visits << " visit, " << language << ", " << (email ? *email : "no e-mail") << '\n';

  const auto workflow = cano::Workflow<State>{State::Login}
                            .add(State::Login, login)
                            .add(State::Greet, greet)
                            .add_exit_state(State::Done);
  cano::run(workflow, store);

  // A name that is spelled out is checked when it is used.
  try {
    store.get<std::string>("user_id");
  } catch (const cano::Error& error) {
    std::cout << error.what() << '\n';
  }
}
