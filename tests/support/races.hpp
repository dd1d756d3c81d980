// SPDX-License-Identifier: MIT
#pragma once

/// How often a test races: as often as ThreadSanitizer needs to see it, where it looks; elsewhere,
/// where races can only show that nothing hangs, less often.
constexpr int races(int under_thread_sanitizer, int elsewhere) {
#if defined(__SANITIZE_THREAD__)
  static_cast<void>(elsewhere);
  return under_thread_sanitizer;
#else
  static_cast<void>(under_thread_sanitizer);
  return elsewhere;
#endif
}
