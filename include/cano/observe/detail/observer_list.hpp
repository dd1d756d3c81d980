// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
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
    if (!observer) throw Error{Errc::Configuration, "with_observer: the observer is null"};
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

  std::size_t size() const noexcept { return attachments_.size(); }

  /// `words`: one for each observer, for `RunInfo::word`; or null.
  template <class Event>
  void notify(void (Observer::*hook)(const Event&), const Event& event,
              std::uintptr_t* words = nullptr) const noexcept {
    notify_if([](const Attachment&) { return true; }, hook, event, words);
  }
  /// The same for those that want to know of waits.
  template <class Event>
  void notify_of_waits(void (Observer::*hook)(const Event&), const Event& event,
                       std::uintptr_t* words) const noexcept {
    notify_if([](const Attachment& each) { return each.wants_waits; }, hook, event, words);
  }
  bool wants_waits() const noexcept {
    return std::any_of(attachments_.begin(), attachments_.end(),
                       [](const auto& each) { return each->wants_waits; });
  }

 private:
  enum class Status : std::uint8_t { On, Failing, Off };

  struct Attachment {
    explicit Attachment(std::shared_ptr<Observer> o)
        : observer{std::move(o)}, wants_waits{observer->wants_waits()} {}

    // Runs on other threads may call it, and see it throw, at the same time; the first one counts.
    void switch_off(std::exception_ptr exception) noexcept {
      Status on = Status::On;
      if (!status.compare_exchange_strong(on, Status::Failing)) return;
      thrown = std::move(exception);
      status.store(Status::Off, std::memory_order_release);
    }

    std::shared_ptr<Observer> observer;
    bool wants_waits;
    std::atomic<Status> status{Status::On};
    std::exception_ptr thrown;  // to be read once it is off
  };

  template <class Wants, class Event>
  void notify_if(Wants wants, void (Observer::*hook)(const Event&), const Event& event,
                 std::uintptr_t* words) const noexcept {
    for (const auto& attachment : attachments_) {
      std::uintptr_t* const word = words == nullptr ? nullptr : words++;
      if (attachment->status.load(std::memory_order_relaxed) != Status::On) continue;
      if (!wants(*attachment)) continue;
      if constexpr (requires { event.run.word; }) event.run.word = word;
      try {
        (attachment->observer.get()->*hook)(event);
      } catch (...) {
        attachment->switch_off(std::current_exception());
      }
    }
  }

  std::vector<std::shared_ptr<Attachment>> attachments_;
};

}  // namespace cano::detail
