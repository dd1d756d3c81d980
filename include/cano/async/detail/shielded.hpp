// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/coroutine_owner.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

/// Work that is awaited to its end whatever cancels its awaiter, in a cancellation scope of its
/// own: what puts things in order again. It sets its own limits.
template <class T> struct Shielded {
  Async<T> work;
};

/// `co_await` of `Shielded` work.
template <class T> class ShieldedAwaiter final : public Environment, public Cancellable {
 public:
  ShieldedAwaiter(Environment& here, Shielded<T>&& request)
      : Environment{here.loop(), &here}, coroutine_{AsyncAccess::coroutine(request.work)} {
    set_root(coroutine_);
  }
  ShieldedAwaiter(const ShieldedAwaiter&) = delete;
  ShieldedAwaiter& operator=(const ShieldedAwaiter&) = delete;
  ~ShieldedAwaiter() { destroy_awaited_frames(); }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine) {
    parent()->scope().wait_begins(*this);
    resume(root_);
    if (coroutine_.get().done()) {
      parent()->scope().wait_ends();
      return false;
    }
    waiting_ = coroutine;
    return true;
  }
  T await_resume() { return coroutine_.promise().take(); }

 private:
  using Environment::cancel;
  void cancel() noexcept override {}
  Wait describe() const noexcept override { return {WaitKind::Children}; }
  void tell_places(std::vector<WaitPlace>& places) const override { scope().tell_places(places); }
  void finished() override {
    if (waiting_) parent()->wait_ended(waiting_);
  }

  CoroutineOwner<T> coroutine_;
  std::coroutine_handle<> waiting_;
};

template <class T> struct OperandAwaiter<Shielded<T>> {
  using type = ShieldedAwaiter<T>;
};

template <class T> Shielded<T> shielded(Async<T> work) { return {std::move(work)}; }

}  // namespace cano::detail
