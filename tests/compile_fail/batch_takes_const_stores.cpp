// SPDX-License-Identifier: MIT
// expect: cano: the stores of a batch are const: its tasks write to them
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/store/memory_store.hpp>

enum class State { Start, Done };

boost::asio::awaitable<void> start(const cano::ConcurrentWorkflow<State>& workflow) {
#ifdef CANO_MISTAKE
  const std::vector<cano::MemoryStore> stores(3);
#else
  std::vector<cano::MemoryStore> stores(3);
#endif
  co_await workflow.execute_concurrent(stores, cano::WaitForever{});
}
