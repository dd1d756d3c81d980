// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include <cano/detail/exception_text.hpp>
#include <cano/error.hpp>
#include <cano/observe/observer.hpp>
#include <cano/observe/observer_failure.hpp>

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

  /// Those that threw and were switched off, in the order in which they were added.
  std::vector<ObserverFailure> failures() const {
    std::vector<ObserverFailure> failures;
    for (const auto& attachment : attachments_) {
      if (attachment->status.load(std::memory_order_acquire) != Status::Off) continue;
      failures.push_back({attachment->observer, exception_text(attachment->thrown)});
    }
    return failures;
  }

  template <class Event>
  void notify(void (Observer::*hook)(const Event&), const Event& event) const noexcept {
    for (const auto& attachment : attachments_) {
      if (attachment->status.load(std::memory_order_relaxed) != Status::On) continue;
      try {
        (attachment->observer.get()->*hook)(event);
      } catch (...) {
        attachment->switch_off(std::current_exception());
      }
    }
  }

 private:
  enum class Status : std::uint8_t { On, Failing, Off };

  struct Attachment {
    explicit Attachment(std::shared_ptr<Observer> o) : observer{std::move(o)} {}

    // Runs on other threads may call it, and see it throw, at the same time; the first one counts.
    void switch_off(std::exception_ptr exception) noexcept {
      Status on = Status::On;
      if (!status.compare_exchange_strong(on, Status::Failing)) return;
      thrown = std::move(exception);
      status.store(Status::Off, std::memory_order_release);
    }

    std::shared_ptr<Observer> observer;
    std::atomic<Status> status{Status::On};
    std::exception_ptr thrown;  // to be read once it is off
  };

  std::vector<std::shared_ptr<Attachment>> attachments_;
};

}  // namespace cano::detail
