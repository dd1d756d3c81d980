// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <cano/config.hpp>
#include <cano/duration.hpp>
#include <cano/limit/detail/wide.hpp>

namespace cano::detail {

/// How the last calls have ended: so many of them, or those of so long a time, which moves on in
/// steps of a 64th. Its memory does not grow with the calls.
class OutcomeWindow {
 public:
  static OutcomeWindow of_calls(std::size_t calls) {
    OutcomeWindow window;
    window.has_failed_.resize(calls);
    return window;
  }
  static OutcomeWindow of_time(Duration time) {
    OutcomeWindow window;
    window.step_ = (time.count() - 1) / static_cast<Duration::rep>(steps) + 1;
    return window;
  }

  bool goes_by_time() const noexcept { return step_ != 0; }
  std::size_t calls() const noexcept { return calls_; }
  std::size_t failures() const noexcept { return failures_; }
  /// Whether at least that share of the calls has failed, given in billionths.
  bool has_share(std::uint64_t billionths) const noexcept {
    return static_cast<Wide>(failures_) * 1'000'000'000 >= static_cast<Wide>(calls_) * billionths;
  }

  void add(steady_time now, bool has_failed) noexcept {
    if (step_ == 0) return add_call(has_failed);
    move_to(now.time_since_epoch().count() / step_);
    Count& count = counts_[static_cast<std::size_t>(last_) % steps];
    ++count.calls;
    count.failures += has_failed ? 1 : 0;
    ++calls_;
    failures_ += has_failed ? 1 : 0;
  }
  void clear() noexcept {
    calls_ = failures_ = next_ = 0;
    counts_ = {};
  }

 private:
  struct Count {
    std::size_t calls = 0;
    std::size_t failures = 0;
  };
  static constexpr std::size_t steps = 64;

  void add_call(bool has_failed) noexcept {
    CANO_ASSERT(!has_failed_.empty());
    if (calls_ == has_failed_.size()) {
      failures_ -= has_failed_[next_] ? 1U : 0U;
    } else {
      ++calls_;
    }
    has_failed_[next_] = has_failed;
    failures_ += has_failed ? 1 : 0;
    next_ = next_ + 1 == has_failed_.size() ? 0 : next_ + 1;
  }

  // Forgets what is older than the window that ends with that step. Steps never go back.
  void move_to(Duration::rep step) noexcept {
    if (step <= last_) return;
    const bool forgets_all = step - last_ >= static_cast<Duration::rep>(steps);
    if (forgets_all) {
      calls_ = failures_ = 0;
      counts_ = {};
    }
    for (Duration::rep each = last_ + 1; !forgets_all && each <= step; ++each) {
      Count& count = counts_[static_cast<std::size_t>(each) % steps];
      calls_ -= count.calls;
      failures_ -= count.failures;
      count = {};
    }
    last_ = step;
  }

  std::size_t calls_ = 0;
  std::size_t failures_ = 0;
  // of calls
  std::vector<bool> has_failed_;
  std::size_t next_ = 0;
  // of time
  Duration::rep step_ = 0;  // 0: it is one of calls
  Duration::rep last_ = 0;  // the number of the last step
  std::array<Count, steps> counts_{};
};

}  // namespace cano::detail
