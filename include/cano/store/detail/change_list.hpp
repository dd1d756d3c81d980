// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>

#include <cano/store/detail/short_lock.hpp>
#include <cano/store/detail/store_error.hpp>

namespace cano::detail {

struct Change;

// The change for which a thread that changes values waits at the moment; its address identifies the
// thread.
struct Changer {
  const Change* waits_for = nullptr;
};

// One a thread, also for libraries that hide their symbols.
[[gnu::visibility("default")]] inline Changer& this_changer() noexcept {
  thread_local constinit Changer changer;
  return changer;
}

/// A change of one key that is under way: a thread runs code of the user with no lock held.
struct Change {
  struct Waiter {
    Changer* changer;
    Waiter* next;
    std::condition_variable woken;
    bool done = false;
  };

  std::string_view key;
  Changer* changer = nullptr;
  bool overwritten = false;  // the key was put, removed or cleared since: that comes after
  Change* next = nullptr;
  Waiter* waiters = nullptr;
};

/// The changes of one store that are under way. The store's mutex guards it.
///
/// A thread may nest changes, of one store or of several, and another thread may nest them in
/// another order. So before a thread sleeps, it follows which thread waits for which; where that
/// leads back to itself, it throws instead.
class ChangeList {
 public:
  bool empty() const noexcept { return first_ == nullptr; }

  Change* find(std::string_view key) const noexcept {
    Change* change = first_;
    while (change != nullptr && change->key != key)
      change = change->next;
    return change;
  }

  void add(Change& change) noexcept {
    change.changer = &this_changer();
    change.next = first_;
    first_ = &change;
  }

  void remove(Change& change) noexcept {
    Change** link = &first_;
    while (*link != &change)
      link = &(*link)->next;
    *link = change.next;
    if (change.waiters != nullptr) wake(change);
  }

  void overwrite(std::string_view key) noexcept {
    if (Change* change = find(key)) change->overwritten = true;
  }

  void overwrite_all() noexcept {
    for (Change* change = first_; change != nullptr; change = change->next)
      change->overwritten = true;
  }

  /// Waits, with `lock` released, until the change of `key` that is under way may have ended.
  ///
  /// **Errors.** `Error(Store)` when it would never end: this thread is part of it.
  void wait(std::unique_lock<ShortLock>& lock, std::string_view key) {
    Change* change = find(key);
    if (change->changer == &this_changer()) throw used_by_itself(key);
    // Most changes take less time than to fall asleep and wake up.
    for (int turn = 0; turn < 32; ++turn) {
      lock.unlock();
      std::this_thread::yield();
      lock.lock();
      change = find(key);
      if (change == nullptr) return;
    }
    sleep(lock, *change);
  }

 private:
  // Guards `waits_for` and `waiters` of all stores. A change that is waited for needs it to
  // end, so those that one meets on the way from waiter to waiter stay alive.
  static std::mutex& waiters_mutex() noexcept {
    static constinit std::mutex mutex;
    return mutex;
  }

  static void sleep(std::unique_lock<ShortLock>& lock, Change& change) {
    Changer& self = this_changer();
    std::unique_lock waiters_lock{waiters_mutex()};
    for (const Change* at = &change; at != nullptr; at = at->changer->waits_for) {
      if (at->changer == &self) throw changed_in_a_circle(change.key);
    }
    Change::Waiter waiter{&self, change.waiters, {}};
    self.waits_for = &change;
    change.waiters = &waiter;
    lock.unlock();
    waiter.woken.wait(waiters_lock, [&] { return waiter.done; });
    waiters_lock.unlock();
    lock.lock();
  }

  static void wake(Change& change) noexcept {
    const std::scoped_lock waiters_lock{waiters_mutex()};
    for (Change::Waiter* waiter = change.waiters; waiter != nullptr;) {
      Change::Waiter* next = waiter->next;
      waiter->changer->waits_for = nullptr;
      waiter->done = true;
      waiter->woken.notify_one();
      waiter = next;
    }
  }

  Change* first_ = nullptr;
};

}  // namespace cano::detail
