// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#if defined(__linux__)
#include <malloc.h>
#endif

/// The bytes that the main thread has allocated; 0 where the C library cannot say.
inline std::size_t heap_in_use() {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
  return mallinfo2().uordblks;
#else
  return 0;
#endif
}
