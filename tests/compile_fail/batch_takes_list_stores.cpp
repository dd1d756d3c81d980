// SPDX-License-Identifier: MIT
// expect: cano: the stores of a batch lie side by side in memory
#include <list>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/store/memory_store.hpp>

enum class State { Start, Done };

boost::asio::awaitable<void> start(cano::Runtime& runtime,
                                   const cano::ConcurrentWorkflow<State>& workflow) {
#ifdef CANO_MISTAKE
  std::list<cano::MemoryStore> stores(3);
#else
  std::vector<cano::MemoryStore> stores(3);
#endif
  co_await workflow.execute_concurrent(runtime, stores, cano::WaitForever{});
}
