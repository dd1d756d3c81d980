// SPDX-License-Identifier: MIT
// expect: cano: the store must outlive the run, whose results are left there: pass a variable
#include <boost/asio/awaitable.hpp>

#include <cano/store/memory_store.hpp>
#include <cano/workflow/workflow.hpp>

enum class State { Start, Done };

boost::asio::awaitable<State> start(const cano::Workflow<State>& workflow) {
#ifdef CANO_MISTAKE
  co_return co_await workflow.orchestrate(cano::MemoryStore{});
#else
  cano::MemoryStore store;
  co_return co_await workflow.orchestrate(store);
#endif
}
