// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#if defined(__linux__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace cano::detail {

/// Names the calling thread for debuggers and `top`, where the platform can; at most 15 characters.
inline void name_this_thread([[maybe_unused]] const std::string& name) noexcept {
#if defined(__linux__)
  pthread_setname_np(pthread_self(), name.c_str());
#elif defined(__APPLE__)
  pthread_setname_np(name.c_str());
#endif
}

}  // namespace cano::detail
