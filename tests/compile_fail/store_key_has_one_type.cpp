// SPDX-License-Identifier: MIT
// expect: no matching (member )?function for call to
#include <cano/store/key.hpp>
#include <cano/store/memory_store.hpp>

inline constexpr cano::Key<int> user_id{"user_id"};

void keep(cano::MemoryStore& store) {
#ifdef CANO_MISTAKE
  store.put(user_id, "Alice");
#else
  store.put(user_id, 42);
#endif
}
