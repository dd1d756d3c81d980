// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cano/async/detail/frame_pool.hpp>
#include <cano/async/detail/wait_line.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

/// A value in a mailbox or on its way to a receiver. It moves by pointer alone, which cannot fail.
class Letter : public Pooled {
 public:
  Letter() = default;
  Letter(const Letter&) = delete;
  Letter& operator=(const Letter&) = delete;
  virtual ~Letter() = default;

 private:
  friend class LetterQueue;
  std::unique_ptr<Letter> next_;
  std::uint64_t number_ = 0;
};
using LetterPointer = std::unique_ptr<Letter>;

/// A letter with its value.
template <class T> class LetterOf final : public Letter {
 public:
  explicit LetterOf(T&& v) : value{std::move(v)} {}
  T value;
};

/// Letters in the order in which they were sent.
class LetterQueue {
 public:
  LetterQueue() = default;
  LetterQueue(const LetterQueue&) = delete;
  LetterQueue& operator=(const LetterQueue&) = delete;
  ~LetterQueue() {  // one after the other: recursively they would take a stack as deep
    while (!empty())
      pop();
  }

  bool empty() const noexcept { return first_ == nullptr; }
  void number(Letter& letter) noexcept { letter.number_ = ++last_number_; }
  void push(LetterPointer letter) noexcept {
    Letter* const pushed = letter.get();
    (last_ == nullptr ? first_ : last_->next_) = std::move(letter);
    last_ = pushed;
  }
  LetterPointer pop() noexcept {
    LetterPointer letter = std::move(first_);
    first_ = std::move(letter->next_);
    if (first_ == nullptr) last_ = nullptr;
    return letter;
  }
  /// Puts a letter that was taken out back to its place.
  void put_back(LetterPointer letter) noexcept {
    LetterPointer* place = &first_;
    while (*place != nullptr && (*place)->number_ < letter->number_)
      place = &(*place)->next_;
    if (*place == nullptr) last_ = letter.get();
    letter->next_ = std::move(*place);
    *place = std::move(letter);
  }

 private:
  LetterPointer first_;
  Letter* last_ = nullptr;
  std::uint64_t last_number_ = 0;
};

class MailReceiver;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final

/// The state that a `Mailbox` and the coroutines that receive from it share.
class MailboxState final : public WaitLine, public Pooled {
 public:
  using Pointer = boost::intrusive_ptr<MailboxState>;

  void send(LetterPointer letter);
  /// The mailbox is destroyed. What is left in it goes to receivers that still ask.
  void close();

  friend void intrusive_ptr_add_ref(MailboxState* state) noexcept {
    state->owners_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(MailboxState* state) noexcept {
    if (state->owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete state;
  }

 private:
  friend class MailReceiver;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final

  // With the mutex locked, while a receiver waits.
  Handler hand_over(LetterPointer letter) noexcept;

  std::atomic<std::uint32_t> owners_{0};
  LetterQueue letters_;  // none while a receiver waits
  bool is_closed_ = false;
};

/// A coroutine that receives a letter.
///
/// A letter that was handed over and not taken goes back to its place in the mailbox, or to the
/// next in line, when the receiver is cancelled or destroyed before it goes on.
class MailReceiver final : public LineWaiter {
 public:
  MailReceiver(MailboxState& state, std::optional<Duration> limit) noexcept
      : LineWaiter{state, WaitKind::Mailbox, limit}, state_{&state} {}
  // NOLINTNEXTLINE(bugprone-exception-escape): a lock that fails
  ~MailReceiver() {
    abandon();
    give_back(Outcome::None);
  }

  /// After the wait: null when the time has passed.
  LetterPointer take() {
    throw_if_cancelled();
    if (outcome() == Outcome::Closed) {
      throw Error{Errc::Cancelled, "The Mailbox was destroyed: there is nothing to receive"};
    }
    return std::move(letter_);
  }

 private:
  friend class MailboxState;

  bool passes() noexcept override {
    if (!state_->letters_.empty()) {
      letter_ = state_->letters_.pop();
      set_outcome(Outcome::Passed);
    } else if (state_->is_closed_) {
      set_outcome(Outcome::Closed);
    } else {
      return false;
    }
    return true;
  }

  void cancel() override {
    stop_waiting(Outcome::Cancelled);
    give_back(Outcome::Cancelled);
  }

  void give_back(Outcome outcome) {
    WaitLine::Handler next;
    {
      const std::lock_guard lock{mutex()};
      if (letter_ == nullptr) return;
      set_outcome(outcome);
      if (state_->first() != nullptr) {
        next = state_->hand_over(std::move(letter_));
      } else {
        state_->letters_.put_back(std::move(letter_));
      }
    }
    WaitLine::call(std::move(next));
  }

  MailboxState* state_;
  LetterPointer letter_;
};

inline WaitLine::Handler MailboxState::hand_over(LetterPointer letter) noexcept {
  auto& receiver = static_cast<MailReceiver&>(*first());
  receiver.letter_ = std::move(letter);
  return receiver.leave(LineWaiter::Outcome::Passed);
}

inline void MailboxState::send(LetterPointer letter) {
  Handler next;
  {
    const std::lock_guard lock{mutex()};
    letters_.number(*letter);
    if (first() != nullptr) {
      next = hand_over(std::move(letter));
    } else {
      letters_.push(std::move(letter));
    }
  }
  call(std::move(next));
}

inline void MailboxState::close() {
  for (bool waits = true; waits;) {
    Handler next;
    {
      const std::lock_guard lock{mutex()};
      is_closed_ = true;
      if (first() != nullptr) next = first()->leave(LineWaiter::Outcome::Closed);
    }
    waits = next.has_value();
    call(std::move(next));
  }
}

}  // namespace cano::detail
