// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <cano/async/detail/frame_pool.hpp>

#include "support/catch.hpp"

using cano::detail::FramePool;
using cano::detail::Pooled;

namespace {

constexpr bool keeps_frames = CANO_KEEPS_FRAMES;

void* allocate(std::size_t size) {
  void* const memory = FramePool::allocate(size);
  std::memset(memory, 0x5a, size);  // it is all ours
  return memory;
}

// In a thread of its own, whose pool is empty.
template <class F> void on_new_thread(F function) { std::thread{std::move(function)}.join(); }

// Frees a block when it is destroyed.
class FreesAtEnd {
 public:
  explicit FreesAtEnd(std::size_t size) : memory_{allocate(size)}, size_{size} {}
  FreesAtEnd(const FreesAtEnd&) = delete;
  FreesAtEnd& operator=(const FreesAtEnd&) = delete;
  ~FreesAtEnd() {
    FramePool::release(memory_, size_);
    FramePool::release(FramePool::allocate(size_), size_);
  }

 private:
  void* memory_;
  std::size_t size_;
};

}  // namespace

TEST_CASE("a pool gives a block of any size, aligned for any object") {
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{65}, std::size_t{1000},
        std::size_t{1024}, std::size_t{1025}, std::size_t{100'000}}) {
    void* const memory = allocate(size);
    CHECK(reinterpret_cast<std::uintptr_t>(memory) % alignof(std::max_align_t) == 0);
    blocks.emplace_back(memory, size);
  }
  for (const auto& [memory, size] : blocks)
    FramePool::release(memory, size);
}

TEST_CASE("a freed block is given again, for every size of its class") {
  if (!keeps_frames) return;
  on_new_thread([] {
    void* const memory = allocate(100);
    FramePool::release(memory, 100);
    void* const other_class = allocate(200);
    CHECK(other_class != memory);
    void* const same_class = allocate(128);
    CHECK(same_class == memory);
    FramePool::release(other_class, 200);
    FramePool::release(same_class, 128);
  });
}

TEST_CASE("what was freed last is given first") {
  if (!keeps_frames) return;
  on_new_thread([] {
    std::vector<void*> blocks;
    for (int i = 0; i < 10; ++i)
      blocks.push_back(allocate(64));
    for (void* const block : blocks)
      FramePool::release(block, 64);
    for (int i = 9; i >= 0; --i)
      CHECK(allocate(64) == blocks[static_cast<std::size_t>(i)]);
    for (void* const block : blocks)
      FramePool::release(block, 64);
  });
}

// That what it keeps is bounded, the tests that count allocations see.
TEST_CASE("a pool gives and takes more blocks than it keeps") {
  on_new_thread([] {
    std::vector<void*> blocks(5000);
    for (int round = 0; round < 3; ++round) {
      for (void*& block : blocks)
        block = allocate(64);
      for (void* const block : blocks)
        FramePool::release(block, 64);
    }
  });
}

TEST_CASE("a block may be freed on another thread, whose pool takes it") {
  void* memory = allocate(300);
  on_new_thread([&] {
    FramePool::release(memory, 300);
    void* const again = allocate(300);
    if (keeps_frames) CHECK(again == memory);
    FramePool::release(again, 300);
  });
  // That thread has given back what it kept.
  memory = allocate(300);
  FramePool::release(memory, 300);
}

TEST_CASE("threads do not share what they keep") {
  constexpr int threads = 4;
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([i] {
      for (int round = 0; round < 200; ++round) {
        std::vector<unsigned char*> blocks;
        for (int block = 0; block < 20; ++block) {
          blocks.push_back(static_cast<unsigned char*>(FramePool::allocate(128)));
          std::memset(blocks.back(), i, 128);
        }
        bool is_ours = true;
        for (unsigned char* const block : blocks) {
          for (std::size_t byte = 0; byte < 128; ++byte)
            is_ours = is_ours && block[byte] == i;
          FramePool::release(block, 128);
        }
        if (!is_ours) throw 1;
      }
    });
  }
  for (std::thread& thread : running)
    thread.join();
}

TEST_CASE("what is freed when its thread ends does not stay in the closed pool") {
  on_new_thread([] {
    // Made before the pool's own end is known, it is destroyed after that.
    static thread_local const FreesAtEnd late{200};
    static_cast<void>(late);
    FramePool::release(allocate(200), 200);
  });
  on_new_thread([] {
    FramePool::release(allocate(200), 200);
    static thread_local const FreesAtEnd early{200};
    static_cast<void>(early);
  });
  // On a thread that freed nothing itself before it ended.
  on_new_thread([] {
    static thread_local const FreesAtEnd only{200};
    static_cast<void>(only);
  });
}

TEST_CASE("objects of a Pooled class come from the pool") {
  struct Object : Pooled {
    char bytes[100] = {};
  };
  on_new_thread([] {
    auto first = std::make_unique<Object>();
    const void* const place = first.get();
    first.reset();
    const auto second = std::make_unique<Object>();
    if (keeps_frames) CHECK(second.get() == place);
  });
}
