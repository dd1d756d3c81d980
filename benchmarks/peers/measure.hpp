// SPDX-License-Identifier: MIT
// Times work, counts allocations, and prints what came of it as every peer does.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <limits>
#include <new>
#include <string>
#include <string_view>

namespace measure {

/// Keeps the compiler from leaving out what leads to `value`.
template <class T> void keep(const T& value) { asm volatile("" : : "r,m"(value) : "memory"); }

/// Heap allocations of this thread; a program that asks defines `CANO_COUNT_ALLOCATIONS` first.
inline thread_local std::uint64_t allocations = 0;

inline double resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

/// Nanoseconds that all threads together have spent on a processor: other programs on the machine
/// take none of it.
inline double processor_time() {
  std::timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

class Results {
 public:
  explicit Results(std::string_view peer) : peer_{peer} {}

  void add(std::string_view name, double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f", value);
    if (!lines_.empty()) lines_ += ", ";
    lines_ += '"' + std::string{name} + "\": " + text.data();
  }

  /// Nanoseconds a thread of each of `count` things that `work` does; the least of fifteen times,
  /// since what else the machine does can only add to it.
  template <class Work> void time(std::string_view name, int count, int threads, Work work) {
    work();
    double least = std::numeric_limits<double>::max();
    for (int turn = 0; turn < 15; ++turn) {
      const double start = processor_time();
      work();
      least = std::min(least, (processor_time() - start) / count / threads);
    }
    add(name, least);
  }

  void print() const {
    std::printf("{\"peer\": \"%s\", \"results\": {%s}}\n", peer_.c_str(), lines_.c_str());
    std::fflush(stdout);
  }

 private:
  std::string peer_;
  std::string lines_;
};

}  // namespace measure

#ifdef CANO_COUNT_ALLOCATIONS
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++measure::allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif
