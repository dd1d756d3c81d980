// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/config.hpp>
#include <cano/duration.hpp>

namespace cano::detail {

/// Something that a loop resumes: a node of its queue, without an allocation of its own.
class Waiter : public Cancellable {
 public:
  /// Goes on. Nothing of the waiter may be touched after the call.
  virtual void wake() = 0;
  /// The loop ends: it will never go on. Nothing of the waiter may be touched after the call.
  virtual void drop() noexcept = 0;
  void cancel() noexcept override {}

  bool is_queued() const noexcept { return next_ != nullptr; }

 protected:
  ~Waiter() {
    if (is_queued()) unlink();
  }

 private:
  friend class YieldQueue;

  void unlink() noexcept {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

  Waiter* next_ = nullptr;
  Waiter* previous_ = nullptr;
};

/// The waiters that are ready, first come first served. A waiter that is destroyed leaves it.
class YieldQueue {
 public:
  YieldQueue() noexcept { end_.next_ = end_.previous_ = &end_; }
  YieldQueue(const YieldQueue&) = delete;
  YieldQueue& operator=(const YieldQueue&) = delete;
  ~YieldQueue() {
    CANO_ASSERT(empty());
    end_.next_ = nullptr;
  }

  bool empty() const noexcept { return end_.next_ == &end_; }

  void push(Waiter& waiter) noexcept {
    CANO_ASSERT(!waiter.is_queued());
    waiter.previous_ = end_.previous_;
    waiter.next_ = &end_;
    end_.previous_->next_ = &waiter;
    end_.previous_ = &waiter;
  }

  /// Takes all those of another queue, before its own.
  void take_front(YieldQueue& other) noexcept {
    if (other.empty()) return;
    Waiter* const first = other.end_.next_;
    Waiter* const last = other.end_.previous_;
    other.end_.next_ = other.end_.previous_ = &other.end_;
    last->next_ = end_.next_;
    end_.next_->previous_ = last;
    first->previous_ = &end_;
    end_.next_ = first;
  }

  /// Null where there is none.
  Waiter* pop() noexcept {
    if (empty()) return nullptr;
    Waiter* const first = end_.next_;
    first->unlink();
    return first;
  }

 private:
  struct End final : Waiter {
    void wake() override {}
    void drop() noexcept override {}
  };
  End end_;
};

/// A waiter with a deadline.
class Sleeper : public Waiter {
 public:
  /// The deadline has come; it is not in the heap any more.
  virtual void expire() = 0;

  bool is_sleeping() const noexcept { return place_ != nowhere; }
  /// Whether it is a limit: what ends at that very time has ended in time, so those come first.
  bool is_limit() const noexcept { return is_limit_; }
  steady_time deadline{};

 protected:
  explicit Sleeper(bool is_limit = false) noexcept : is_limit_{is_limit} {}
  ~Sleeper() { CANO_ASSERT(!is_sleeping()); }

 private:
  friend class SleeperHeap;
  static constexpr std::uint32_t nowhere = ~std::uint32_t{0};
  std::uint32_t place_ = nowhere;
  bool is_limit_;
};

/// The sleepers by deadline, those of one deadline in the order in which they came, but limits
/// last. A heap with four children a node: half as deep as a binary one, and the children lie side
/// by side.
class SleeperHeap {
 public:
  bool empty() const noexcept { return heap_.empty(); }
  /// The next deadline; the end of time without sleepers.
  steady_time next_deadline() const noexcept {
    return heap_.empty() ? steady_time::max() : heap_.front().deadline;
  }
  Sleeper& first() const noexcept { return *heap_.front().sleeper; }

  void add(Sleeper& sleeper) {
    CANO_ASSERT(!sleeper.is_sleeping());
    const std::uint64_t number = ++last_number_ | (sleeper.is_limit() ? limits_begin : 0);
    heap_.push_back(Entry{sleeper.deadline, number, &sleeper});
    sift_up(heap_.size() - 1, heap_.back());
  }

  /// Does nothing where it does not sleep.
  void remove(Sleeper& sleeper) noexcept {
    if (!sleeper.is_sleeping()) return;
    const std::size_t place = std::exchange(sleeper.place_, Sleeper::nowhere);
    const Entry last = heap_.back();
    heap_.pop_back();
    if (place == heap_.size()) return;
    if (place > 0 && last < heap_[parent_of(place)]) {
      sift_up(place, last);
    } else {
      sift_down(place, last);
    }
  }

 private:
  struct Entry {
    steady_time deadline;
    std::uint64_t number;
    Sleeper* sleeper;

    bool operator<(const Entry& other) const noexcept {
      return deadline != other.deadline ? deadline < other.deadline : number < other.number;
    }
  };

  static constexpr std::uint64_t limits_begin = std::uint64_t{1} << 63U;
  static constexpr std::size_t children = 4;
  static constexpr std::size_t parent_of(std::size_t place) noexcept {
    return (place - 1) / children;
  }

  void put(std::size_t place, const Entry& entry) noexcept {
    heap_[place] = entry;
    entry.sleeper->place_ = static_cast<std::uint32_t>(place);
  }
  void sift_up(std::size_t place, Entry entry) noexcept {
    while (place > 0 && entry < heap_[parent_of(place)]) {
      put(place, heap_[parent_of(place)]);
      place = parent_of(place);
    }
    put(place, entry);
  }
  void sift_down(std::size_t place, Entry entry) noexcept {
    for (;;) {
      const std::size_t first = place * children + 1;
      if (first >= heap_.size()) break;
      std::size_t least = first;
      for (std::size_t i = first + 1; i < first + children && i < heap_.size(); ++i) {
        if (heap_[i] < heap_[least]) least = i;
      }
      if (entry < heap_[least]) break;
      put(place, heap_[least]);
      place = least;
    }
    put(place, entry);
  }

  std::vector<Entry> heap_;
  std::uint64_t last_number_ = 0;
};

}  // namespace cano::detail
