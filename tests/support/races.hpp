// SPDX-License-Identifier: MIT
#pragma once

// g++ says so with a macro, clang 19 when it is asked.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool under_thread_sanitizer = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool under_thread_sanitizer = true;
#else
inline constexpr bool under_thread_sanitizer = false;
#endif
#else
inline constexpr bool under_thread_sanitizer = false;
#endif

/// How often a test races: as often as ThreadSanitizer needs to see it, where it looks; elsewhere,
/// where races can only show that nothing hangs, less often.
constexpr int races(int where_it_looks, int elsewhere) {
  return under_thread_sanitizer ? where_it_looks : elsewhere;
}
