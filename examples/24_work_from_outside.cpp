// SPDX-License-Identifier: MIT
// What does not fit in one coroutine on one thread: a mailbox takes values from another thread, a
// group has work that goes on after the call that started it, and a pool of threads calls a
// function that would hold up everything else.

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include <cano/async/async.hpp>
#include <cano/async/blocking.hpp>
#include <cano/async/mailbox.hpp>
#include <cano/async/task_group.hpp>
#include <cano/workflow/run.hpp>

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct Office {
  cano::Mailbox<std::string> letters;
  int vowels = 0;
};

int vowels_in(const std::string& text) {  // imagine that it takes a second
  return static_cast<int>(std::ranges::count_if(text, [](char letter) {
    return std::string_view{"aeiou"}.find(letter) != std::string_view::npos;
  }));
}

//! [blocking]
cano::Async<void> read(Office& office, std::string letter) {
  const int vowels = co_await cano::blocking(vowels_in, std::move(letter));
  office.vowels += vowels;  // on the office's thread again: no lock
}
//! [blocking]

//! [group]
cano::Async<void> open(Office& office, int letters) {
  cano::TaskGroup readers{co_await asio::this_coro::executor};
  for (; letters > 0; --letters) {
    std::string letter = co_await office.letters.receive();
    readers.spawn(read(office, std::move(letter)));
  }
  const cano::DrainReport report = co_await readers.drain(10s);
  std::cout << report.finished << " letters read\n";
}
//! [group]

int main() {
  Office office;
  //! [mailbox]
  std::jthread postman{[&office] {
    for (const char* letter : {"to be", "or not", "to be"})
      office.letters.send(letter);
  }};
  cano::run(open(office, 3));
  //! [mailbox]
  std::cout << office.vowels << " vowels\n";
}
