// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <cano/error.hpp>
#include <cano/observe/observer.hpp>

namespace cano::detail {

// The observers of a workflow or a scheduler. Copies share the state of each attachment, so that an
// observer that threw in one run stays switched off in all of them.
class ObserverList {
 public:
  void add(std::shared_ptr<Observer> observer) {
    if (!observer) throw Error{Errc::Configuration, "The observer is a null pointer"};
    attachments_.push_back(std::make_shared<Attachment>(std::move(observer)));
  }

  bool empty() const noexcept { return attachments_.empty(); }

  /// How many observers threw and were switched off.
  std::size_t switched_off() const noexcept {
    std::size_t count = 0;
    for (const auto& attachment : attachments_) {
      if (attachment->off.load(std::memory_order_relaxed)) ++count;
    }
    return count;
  }

  template <class Event>
  void notify(void (Observer::*hook)(const Event&), const Event& event) const noexcept {
    for (const auto& attachment : attachments_) {
      if (attachment->off.load(std::memory_order_relaxed)) continue;
      try {
        (attachment->observer.get()->*hook)(event);
      } catch (...) {
        attachment->off.store(true, std::memory_order_relaxed);
      }
    }
  }

 private:
  struct Attachment {
    explicit Attachment(std::shared_ptr<Observer> o) : observer{std::move(o)} {}
    std::shared_ptr<Observer> observer;
    std::atomic<bool> off{false};
  };

  std::vector<std::shared_ptr<Attachment>> attachments_;
};

}  // namespace cano::detail
