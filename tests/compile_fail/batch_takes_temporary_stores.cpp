// SPDX-License-Identifier: MIT
// expect: cano: the stores must outlive the batch, whose results are left there: pass a variable
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/store/memory_store.hpp>

enum class State { Start, Done };

boost::asio::awaitable<void> start(const cano::ConcurrentWorkflow<State>& workflow) {
#ifdef CANO_MISTAKE
  co_await workflow.execute_concurrent(std::vector<cano::MemoryStore>(3), cano::WaitForever{});
#else
  std::vector<cano::MemoryStore> stores(3);
  co_await workflow.execute_concurrent(stores, cano::WaitForever{});
#endif
}
