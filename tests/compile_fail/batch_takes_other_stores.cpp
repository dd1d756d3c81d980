// SPDX-License-Identifier: MIT
// expect: cano: a batch takes a range of stores of its workflow's type
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/store/memory_store.hpp>

enum class State { Start, Done };

boost::asio::awaitable<void> start(const cano::ConcurrentWorkflow<State>& workflow) {
#ifdef CANO_MISTAKE
  std::vector<std::string> stores(3);
#else
  std::vector<cano::MemoryStore> stores(3);
#endif
  co_await workflow.execute_concurrent(stores, cano::WaitForever{});
}
