// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <cano/async/async.hpp>
#include <cano/async/detail/coroutine_owner.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/root_environment.hpp>
#include <cano/error.hpp>

namespace cano::detail {

/// A run of an `Async` for which code outside of all coroutines waits, and its result. `T` need not
/// be default-constructible or copyable.
///
/// The coroutine is destroyed, on its loop, before `on_end` is called. Where the waiting ends
/// before that, the coroutine stays on the loop, and is destroyed with it.
template <class T> class BlockingRun {
 public:
  using OnEnd = void (*)(void* object) noexcept;

  BlockingRun(Loop& loop, Async<T>& work, void* object, OnEnd on_end)
      : object_{object}, on_end_{on_end}, work_{new Work{loop, work, *this}} {}
  BlockingRun(const BlockingRun&) = delete;
  BlockingRun& operator=(const BlockingRun&) = delete;
  ~BlockingRun() {
    if (work_ != nullptr) work_->result = nullptr;
  }

  /// From any thread. Once.
  void launch() { work_->launch(); }

  /// Returns the value or throws the exception, and keeps neither.
  T take() {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    if constexpr (!std::is_void_v<T>) {
      T value = std::move(*value_);
      value_.reset();
      return value;
    }
  }

 private:
  class Work final : public RootEnvironment {
   public:
    Work(Loop& loop, Async<T>& work, BlockingRun& waiting)
        : RootEnvironment{loop}, result{&waiting}, coroutine_{AsyncAccess::coroutine(work)} {
      set_root(coroutine_);
    }

    void launch() {
      const bool is_posted = loop().post(this, [](void* run, bool runs) {
        auto& self = *static_cast<Work*>(run);
        if (!runs) return self.abandon();
        self.loop().join(self);
        self.resume(self.root_);
      });
      if (!is_posted) abandon();
    }

    void abandon() noexcept override {
      end(std::make_exception_ptr(
          Error{Errc::Cancelled, "The coroutine was destroyed with its execution context"}));
    }

    BlockingRun* result;  // null when it is not waited for any more

   private:
    void finished() override {
      std::exception_ptr error;
      if (std::exception_ptr* const thrown = coroutine_.promise().exception()) {
        error = std::move(*thrown);
      } else if (result != nullptr) {
        error = take_value();
      }
      end(std::move(error));
    }
    std::exception_ptr take_value() noexcept {
      if constexpr (!std::is_void_v<T>) {
        try {
          result->value_.emplace(coroutine_.promise().value());
        } catch (...) {
          return std::current_exception();
        }
      }
      return nullptr;
    }

    void end(std::exception_ptr error) noexcept {
      destroy_awaited_frames();
      coroutine_.destroy();
      loop().leave(*this);
      BlockingRun* const waiting = result;
      delete this;
      if (waiting == nullptr) return;
      waiting->work_ = nullptr;
      waiting->error_ = std::move(error);
      waiting->on_end_(waiting->object_);
    }

    CoroutineOwner<T> coroutine_;
  };

  void* object_;
  OnEnd on_end_;
  std::exception_ptr error_;
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value_;
  Work* work_;  // it deletes itself
};

}  // namespace cano::detail
