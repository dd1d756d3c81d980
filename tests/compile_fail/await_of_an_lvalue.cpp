// SPDX-License-Identifier: MIT
// expect: cano: an Async is awaited once
#include <utility>

#include <cano/async/async.hpp>

cano::Async<int> give() { co_return 1; }

cano::Async<int> twice() {
  auto work = give();
#ifdef CANO_MISTAKE
  co_return co_await work;
#else
  co_return co_await std::move(work);
#endif
}

int main() { auto never_awaited = twice(); }
