// SPDX-License-Identifier: MIT
// expect: this value cannot be copied into a store: std::move it
#include <memory>
#include <utility>

#include <cano/store/memory_store.hpp>

void keep(cano::MemoryStore& store, std::unique_ptr<int> pointer) {
#ifdef CANO_MISTAKE
  store.put("k", pointer);
#else
  store.put("k", std::move(pointer));
#endif
}
