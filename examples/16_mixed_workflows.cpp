// SPDX-License-Identifier: MIT
// One scheduler for workflows of different states and stores, for functions and coroutines.

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>

#include <cano.hpp>
#include <cano/testing/virtual_time.hpp>

using namespace std::chrono_literals;

enum class Import { Read, Check, Done };
enum class Mail { Compose, Sent };

// Every run gets one of its own.
struct Letter {
  std::string text = "Dear reader";
};

int main() {
  const auto import = cano::Workflow<Import>{Import::Read}
                          .add(Import::Read,
                               [](cano::MemoryStore& store) {
                                 store.put("rows", 12);
                                 return Import::Check;
                               })
                          .add(Import::Check,
                               [](cano::MemoryStore& store) {
                                 if (store.get<int>("rows") > 10)
                                   throw std::logic_error{"too long"};
                                 return Import::Done;
                               })
                          .add_exit_state(Import::Done);
  const auto mail = cano::Workflow<Mail, Letter>{Mail::Compose}
                        .add(Mail::Compose,
                             [](Letter& letter) {
                               std::cout << letter.text << '\n';
                               return Mail::Sent;
                             })
                        .add_exit_state(Mail::Sent);

  cano::VirtualTime time;
  cano::Scheduler scheduler{time.get_executor()};
  scheduler.every("import", import, 10min);
  scheduler.cron("mail", mail, "0 */6 * * *");
  scheduler.every("heartbeat", [] {}, 1min);
  scheduler.cron(
      "report", []() -> cano::Async<void> { co_await cano::sleep_for(90min); }, "0 23 * * *");
  scheduler.start();
  time.run_for(24h);

  for (const cano::FlowInfo& info : scheduler.list()) {
    std::cout << info.id << ": " << info.success_count << " of " << info.run_count << ", "
              << to_string(info.status);
    if (!info.last_error.empty()) std::cout << ", " << info.last_error;
    std::cout << '\n';
  }
}
