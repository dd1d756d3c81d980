// SPDX-License-Identifier: MIT
// expect: to_json\(\) needs #include <nlohmann/json.hpp>
#ifndef CANO_MISTAKE
#include <nlohmann/json.hpp>
#endif

#include <cano/store/memory_store.hpp>

void write(const cano::MemoryStore& store) { static_cast<void>(store.to_json()); }
