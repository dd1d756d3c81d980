// SPDX-License-Identifier: MIT
// expect: a value in a store must be movable
#include <memory>
#include <mutex>

#include <cano/store/memory_store.hpp>

void keep(cano::MemoryStore& store) {
#ifdef CANO_MISTAKE
  store.put("k", std::mutex{});
#else
  store.put("k", std::make_shared<std::mutex>());
#endif
}
