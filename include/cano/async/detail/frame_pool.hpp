// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include <cano/config.hpp>

// AddressSanitizer finds uses of a freed frame only where frames are really freed.
#if defined(__SANITIZE_ADDRESS__)
#define CANO_KEEPS_FRAMES false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CANO_KEEPS_FRAMES false
#endif
#endif
#ifndef CANO_KEEPS_FRAMES
#define CANO_KEEPS_FRAMES true
#endif

namespace cano::detail {

/// Memory of coroutine frames that this thread has freed, by size, for the next frames.
///
/// Trivial and constant-initialised, so that no access asks whether it is constructed. It keeps at
/// most `kept` blocks a size. A frame that another thread frees goes to that thread's pool. When
/// the thread ends the pool closes for good: what is freed later goes to `operator delete`.
class FramePool {
 public:
  [[gnu::always_inline]] static void* allocate(std::size_t size) {
    const std::size_t bin = bin_of(size);
    if (CANO_KEEPS_FRAMES && bin < bins) {
      FramePool& pool = here_;
      if (Free* const free = pool.free_[bin]) [[likely]] {
        pool.free_[bin] = free->next;
        ++pool.room_[bin];
        return free;
      }
    }
    // Whole bins, also where nothing is kept: the block may be freed by code that keeps it.
    return ::operator new(bin < bins ? (bin + 1) * granule : size);
  }

  [[gnu::always_inline]] static void release(void* memory, std::size_t size) noexcept {
    const std::size_t bin = bin_of(size);
    if (CANO_KEEPS_FRAMES && bin < bins) {
      FramePool& pool = here_;
      if (pool.room_[bin] != 0 || pool.open(bin)) [[likely]] {
        --pool.room_[bin];
        pool.free_[bin] = ::new (memory) Free{pool.free_[bin]};
        return;
      }
    }
    ::operator delete(memory);
  }

 private:
  static constexpr std::size_t granule = 64;
  static constexpr std::size_t bins = 16;
  static constexpr std::uint32_t kept = 256;
  static constexpr std::size_t bin_of(std::size_t size) noexcept { return (size - 1) / granule; }

  struct Free {
    Free* next;
  };
  enum class Life : std::uint8_t { Unused, Open, Closed };
  struct Closer {
    Closer() = default;
    Closer(const Closer&) = delete;
    Closer& operator=(const Closer&) = delete;
    ~Closer() { here_.close(); }
  };

  // Whether there is room: not when the bin is full or the thread is ending.
  [[gnu::noinline]] bool open(std::size_t bin) noexcept {
    if (life_ == Life::Unused) {
      static thread_local const Closer closer;
      static_cast<void>(closer);
      life_ = Life::Open;
      for (std::uint32_t& room : room_)
        room = kept;
    }
    return room_[bin] != 0;
  }

  void close() noexcept {
    life_ = Life::Closed;
    for (std::size_t bin = 0; bin < bins; ++bin) {
      room_[bin] = 0;
      while (Free* const free = free_[bin]) {
        free_[bin] = free->next;
        ::operator delete(free);
      }
    }
  }

  Free* free_[bins];
  std::uint32_t room_[bins];  // how many more are kept
  Life life_;

  CANO_VISIBLE static thread_local FramePool here_;
};

inline constinit thread_local FramePool FramePool::here_{};

/// Base of what is allocated and freed as often as frames are.
struct Pooled {
  [[gnu::always_inline]] static void* operator new(std::size_t size) {
    return FramePool::allocate(size);
  }
  [[gnu::always_inline]] static void operator delete(void* memory, std::size_t size) noexcept {
    FramePool::release(memory, size);
  }
};

}  // namespace cano::detail
