// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <new>

namespace cano::detail {

/// Why something failed, shared by all that report it: the text of an `Error`, or an exception.
///
/// Made by `::operator new` and given back by `::operator delete`, so that more may follow the
/// object than its type says.
class Cause {
 public:
  Cause(const Cause&) = delete;
  Cause& operator=(const Cause&) = delete;
  virtual ~Cause() = default;

  /// Null for the text of an `Error`.
  virtual const std::exception_ptr* exception() const noexcept { return nullptr; }

  /// Of a run that made too many transitions its last states, a `std::vector` of them.
  virtual const void* last_states() const noexcept { return nullptr; }

  /// Of a run that has done what can be undone an `UndoReport`.
  virtual const void* undo_report() const noexcept { return nullptr; }

  friend void intrusive_ptr_add_ref(const Cause* cause) noexcept {
    cause->owners_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(const Cause* cause) noexcept {
    // Most have one owner in the end, which is seen without the cost of a write.
    if (cause->owners_.load(std::memory_order_acquire) != 1 &&
        cause->owners_.fetch_sub(1, std::memory_order_acq_rel) != 1) {
      return;
    }
    cause->~Cause();
    ::operator delete(const_cast<Cause*>(cause));
  }

 protected:
  Cause() = default;

 private:
  mutable std::atomic<std::uint32_t> owners_{0};
};

}  // namespace cano::detail
