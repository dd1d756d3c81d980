// SPDX-License-Identifier: MIT
// expect: this call copies the value, which is move-only: use with, update or take
#include <memory>

#include <cano/store/memory_store.hpp>

auto read(const cano::MemoryStore& store) {
#ifdef CANO_MISTAKE
  return store.get<std::unique_ptr<int>>("k");
#else
  return store.with<std::unique_ptr<int>>("k", [](const auto& pointer) { return *pointer; });
#endif
}
