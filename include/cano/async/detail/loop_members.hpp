// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include <cano/config.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

/// A run, a group's task or other work that a loop has under way.
class LoopMember {
 public:
  LoopMember() = default;
  LoopMember(const LoopMember&) = delete;
  LoopMember& operator=(const LoopMember&) = delete;

  /// The context is going, and the work with it. It has left the loop.
  virtual void drop_work() noexcept = 0;
  /// Cancels the work; it goes on until it has ended.
  virtual void cancel_work() noexcept = 0;
  /// As `Cancellable::tell_places`.
  virtual void tell_places(std::vector<WaitPlace>&) const {}

 protected:
  ~LoopMember() { CANO_ASSERT(next_ == nullptr); }

 private:
  friend class LoopMembers;
  LoopMember* next_ = nullptr;
  LoopMember* previous_ = nullptr;
};

/// An intrusive list of the work under way. Adding and removing allocate nothing.
class LoopMembers {
 public:
  LoopMembers() noexcept { end_.next_ = end_.previous_ = &end_; }
  LoopMembers(const LoopMembers&) = delete;
  LoopMembers& operator=(const LoopMembers&) = delete;
  ~LoopMembers() { end_.next_ = end_.previous_ = nullptr; }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  /// Null when there is none.
  LoopMember* first() const noexcept { return empty() ? nullptr : end_.next_; }

  void add(LoopMember& member) noexcept {
    link(member, end_);
    ++size_;
  }
  /// False, and nothing is done, where it is not in the list.
  bool remove(LoopMember& member) noexcept {
    if (member.next_ == nullptr) return false;
    unlink(member);
    --size_;
    return true;
  }

  template <class F> void for_each(F&& f) const {
    for (const LoopMember* each = end_.next_; each != &end_; each = each->next_)
      f(*each);
  }
  // A mark goes through the members: cancelling one may end any other.
  void cancel_all() noexcept {
    End mark;
    link(mark, end_);
    while (mark.next_ != &end_) {
      LoopMember& member = *mark.next_;
      unlink(mark);
      link(mark, member);
      member.cancel_work();
    }
    unlink(mark);
  }

 private:
  struct End final : LoopMember {
    void drop_work() noexcept override {}
    void cancel_work() noexcept override {}
  };

  static void link(LoopMember& member, LoopMember& behind) noexcept {
    member.next_ = behind.next_;
    member.previous_ = &behind;
    behind.next_->previous_ = &member;
    behind.next_ = &member;
  }
  static void unlink(LoopMember& member) noexcept {
    member.previous_->next_ = member.next_;
    member.next_->previous_ = member.previous_;
    member.next_ = member.previous_ = nullptr;
  }

  End end_;
  std::size_t size_ = 0;
};

}  // namespace cano::detail
