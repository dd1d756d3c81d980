// SPDX-License-Identifier: MIT
// expect: name the type by value, as in get<std::string>\(key\)
#include <string>

#include <cano/store/memory_store.hpp>

std::string read(const cano::MemoryStore& store) {
#ifdef CANO_MISTAKE
  return store.get<const std::string&>("k");
#else
  return store.get<std::string>("k");
#endif
}
