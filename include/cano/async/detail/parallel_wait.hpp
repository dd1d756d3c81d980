// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/detail/awaitable.hpp>
#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/coroutine_owner.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/promise.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

/// Anything that an `Async` may await: an `Async`, an operation of Asio's, an `asio::awaitable`.
template <class Work>
concept AwaitedOperand = requires(const PromiseBase& promise, Work&& work) {
  promise.await_transform(std::move(work)).await_resume();
};

/// What awaiting it gives.
template <AwaitedOperand Work>
using AwaitResult = std::remove_cvref_t<decltype(std::declval<const PromiseBase&>()
                                                     .await_transform(std::declval<Work>())
                                                     .await_resume())>;

/// An `Async` of anything that an `Async` may await.
template <AwaitedOperand Work> Async<AwaitResult<Work>> as_async(Work work) {
  co_return co_await std::move(work);
}
template <class T> Async<T> as_async(Async<T> work) noexcept { return work; }

class ParallelWait;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final

/// One of the pieces of work that a coroutine awaits at once, in a cancellation scope of its own.
class BranchBase : public Environment {
 public:
  bool has_ended() const noexcept { return has_ended_; }

 protected:
  explicit BranchBase(ParallelWait& join) noexcept;
  ~BranchBase() = default;

  /// The last thing that a branch does; may destroy it.
  void ended(bool has_failed);

 private:
  friend class ParallelWait;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final

  void start() { resume(root_); }
  virtual std::exception_ptr take_failure() noexcept = 0;

  ParallelWait* join_;
  BranchBase* next_ = nullptr;
  bool has_ended_ = false;
};

/// A coroutine's wait for several branches. All that were started have ended when it goes on.
///
/// The branches belong to the loop of that coroutine and are started one after the other, each up
/// to its first wait. Cancelling the wait cancels the branches.
class ParallelWait final : public Cancellable {
 public:
  /// What decides the result, so that the other branches are cancelled and no more are started.
  enum class Until : std::uint8_t { FirstFailure, FirstSuccess };

  ParallelWait(Environment& parent, Until until) noexcept : parent_{&parent}, until_{until} {}

  Environment& parent() const noexcept { return *parent_; }

  /// One more branch, to be started after those before it.
  void add(BranchBase& branch) noexcept {
    (last_ == nullptr ? first_ : last_->next_) = &branch;
    last_ = &branch;
  }

  /// Starts the branches; `await_suspend` of their parent. Whether the parent has to wait.
  [[nodiscard]] bool start(std::coroutine_handle<> coroutine) {
    coroutine_ = coroutine;
    CancellationScope& scope = parent_->scope();
    scope.wait_begins(*this);
    // One that goes on although it is cancelled, to clean up, may wait, and so may its branches.
    const bool is_aborted = scope.is_cancelled() && parent_->throws_if_cancelled();
    for (BranchBase* branch = first_; branch != nullptr && !is_decided_; branch = branch->next_) {
      ++running_;
      if (is_aborted) branch->scope().cancel(StopReason::Stop);
      branch->start();
    }
    if (--running_ != 0) return true;
    scope.wait_ends();
    return false;
  }

  void cancel() noexcept override {
    for (BranchBase* branch = first_; branch != nullptr; branch = branch->next_)
      if (!branch->has_ended_) branch->scope().cancel(StopReason::Stop);
  }

  Wait describe() const noexcept override { return {WaitKind::Children}; }
  void tell_places(std::vector<WaitPlace>& places) const override {
    for (const BranchBase* branch = first_; branch != nullptr; branch = branch->next_)
      if (!branch->has_ended_) branch->scope().tell_places(places);
  }

  // ---- after the wait

  /// The first that succeeded, or null.
  const BranchBase* winner() const noexcept { return winner_; }
  /// Throws what the first threw that failed, if any did.
  void throw_first_failure() const {
    if (failed_ != nullptr) std::rethrow_exception(failed_->take_failure());
  }

 private:
  friend class BranchBase;

  void branch_ended(BranchBase& branch, bool has_failed) {
    branch.has_ended_ = true;
    BranchBase*& first = has_failed ? failed_ : winner_;
    if (first == nullptr) first = &branch;
    if (!is_decided_ && has_failed == (until_ == Until::FirstFailure)) {
      is_decided_ = true;
      cancel();
    }
    if (--running_ == 0) parent_->wait_ended(coroutine_);
  }

  Environment* parent_;
  std::coroutine_handle<> coroutine_;
  BranchBase* first_ = nullptr;
  BranchBase* last_ = nullptr;
  BranchBase* failed_ = nullptr;
  BranchBase* winner_ = nullptr;
  std::size_t running_ = 1;  // and one while they are being started
  Until until_;
  bool is_decided_ = false;
};

inline BranchBase::BranchBase(ParallelWait& join) noexcept
    : Environment{join.parent().loop(), &join.parent()}, join_{&join} {}

inline void BranchBase::ended(bool has_failed) { join_->branch_ended(*this, has_failed); }

/// The arguments that a branch is made from; a name for two arguments, since a `std::tuple` passes
/// on one.
template <class T> struct BranchSource {
  ParallelWait& join;
  Async<T>& work;
};

/// A branch with its coroutine and its result.
template <class T> class Branch final : public BranchBase {
 public:
  Branch(BranchSource<T> source)  // NOLINT(google-explicit-constructor)
      : BranchBase{source.join}, coroutine_{AsyncAccess::coroutine(source.work)} {
    set_root(coroutine_);
  }
  ~Branch() { destroy_awaited_frames(); }

  /// Its result, or what it threw.
  AwaitedValue<T> take() {
    if constexpr (std::is_void_v<T>) {
      coroutine_.promise().take();
      return {};
    } else {
      return coroutine_.promise().take();
    }
  }

 private:
  void finished() override { ended(coroutine_.promise().exception() != nullptr); }
  std::exception_ptr take_failure() noexcept override {
    return std::move(*coroutine_.promise().exception());
  }

  CoroutineOwner<T> coroutine_;
};

}  // namespace cano::detail
