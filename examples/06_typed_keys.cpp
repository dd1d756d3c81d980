// SPDX-License-Identifier: MIT
// A Key joins the name of a value in a MemoryStore and its type, once, so that the two cannot come
// apart.

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
  store.update(scores, [](std::vector<int>& list) { list.push_back(95); });  // atomic
  std::cout << "Hello " << store.get(user_name) << ", your scores:";
  for (const int score : store.get(scores))
    std::cout << ' ' << score;
  std::cout << '\n';
  return State::Done;
}

int main() {
  const auto workflow = cano::Workflow<State>{State::Login}
                            .add(State::Login, login)
                            .add(State::Greet, greet)
                            .add_exit_state(State::Done);
  cano::MemoryStore store;
  store.put(user_id, 123);
  store.put(scores, {85, 92, 78});
  cano::run(workflow, store);

  // The plain names still work, and are checked when they are used.
  try {
    store.get<std::string>("user_id");
  } catch (const cano::Error& error) {
    std::cout << error.category_name() << '\n';
  }
}
