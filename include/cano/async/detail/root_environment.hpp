// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/strand.hpp>

#include <cano/async/detail/cancellation_scope.hpp>
#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/loop.hpp>
#include <cano/async/detail/loop_members.hpp>
#include <cano/async/detail/outer_run_source.hpp>
#include <cano/wait_kind.hpp>

namespace cano::detail {

/// An executor for coroutines of Asio's that says whose work they are part of.
class EnvironmentExecutor {
 public:
  explicit EnvironmentExecutor(EnvironmentLink::Pointer link, bool never_blocks = false) noexcept
      : link_{std::move(link)}, never_blocks_{never_blocks} {}

  // An executor must not throw; boost::intrusive_ptr does not say that it does not.
  EnvironmentExecutor(const EnvironmentExecutor&) noexcept = default;
  EnvironmentExecutor& operator=(const EnvironmentExecutor&) noexcept = default;
  ~EnvironmentExecutor() = default;

  const EnvironmentLink::Pointer& link() const noexcept { return link_; }

  template <class F> void execute(F&& function) const {
    Loop& loop = link_->loop();
    if (!never_blocks_ && loop.runs_here()) {
      std::decay_t<F> own{std::forward<F>(function)};
      own();
    } else {
      loop.post_function(std::forward<F>(function));
    }
  }

  asio::execution_context& query(asio::execution::context_t) const noexcept {
    return link_->loop().context();
  }
  asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept {
    if (never_blocks_) return asio::execution::blocking.never;
    return asio::execution::blocking.possibly;
  }
  EnvironmentExecutor require(asio::execution::blocking_t::never_t) const noexcept {
    return EnvironmentExecutor{link_, true};
  }
  EnvironmentExecutor require(asio::execution::blocking_t::possibly_t) const noexcept {
    return EnvironmentExecutor{link_, false};
  }
  friend bool operator==(const EnvironmentExecutor& a, const EnvironmentExecutor& b) noexcept {
    return a.link_.get() == b.link_.get() && a.never_blocks_ == b.never_blocks_;
  }

 private:
  EnvironmentLink::Pointer link_;
  bool never_blocks_;
};

inline const asio::any_io_executor& EnvironmentLink::executor() {
  if (!executor_) {
    executor_ = std::make_unique<asio::any_io_executor>(EnvironmentExecutor{Pointer{this}});
  }
  return *executor_;
}

/// The environment whose work a coroutine of Asio's on that executor is part of, if that is known.
///
/// Also through strands: what those serialise runs on the one loop of the environment.
inline EnvironmentLink* link_of(const asio::any_io_executor& executor) noexcept {
  if (const auto* const known = executor.target<EnvironmentExecutor>()) return known->link().get();
  const auto* const strand = executor.target<asio::strand<asio::any_io_executor>>();
  return strand == nullptr ? nullptr : link_of(strand->get_inner_executor());
}

inline Loop::Pointer loop_of(const asio::any_io_executor& executor) {
  if (EnvironmentLink* const link = link_of(executor)) return &link->loop();
  if (const auto* const known = executor.target<LoopExecutor>()) return &known->loop();
  return Loop::of(executor);
}

/// An environment of its own among the work of a loop.
class RootEnvironment : public Environment, public LoopMember {
 public:
  void abandon() noexcept override = 0;
  void cancel_work() noexcept override { cancel(StopReason::Stop); }
  void drop_work() noexcept override { wait_lost(); }
  void tell_places(std::vector<WaitPlace>& places) const override { scope().tell_places(places); }
  asio::any_io_executor awaitable_executor() override {
    if (origin_) return EnvironmentExecutor{origin_};
    if (has_context()) return EnvironmentExecutor{link()};
    return loop().executor();
  }
  const asio::any_io_executor& coroutine_executor() override {
    if (origin() != nullptr) return origin_->executor();
    return has_context() ? link()->executor() : loop().executor();
  }

  /// The work that started this one, where that is known and not over; on the loop only.
  Environment* origin() const noexcept { return origin_ ? origin_->environment() : nullptr; }
  Environment* outer() const noexcept override { return origin(); }

  /// Where another loop's work waits for this one: what tells of its run, and outlives this.
  void set_outer_run(const OuterRunSource& run) noexcept { outer_run_ = &run; }
  bool find_outer_run(OuterRun& run) override {
    if (outer_run_ == nullptr) return Environment::find_outer_run(run);
    outer_run_->tell(run);
    return true;
  }
  std::shared_ptr<const WorkTag> work_tag() const override { return work_tag_; }

 protected:
  explicit RootEnvironment(Loop& loop, EnvironmentLink* origin = nullptr) noexcept
      : RootEnvironment{loop, origin, origin == nullptr ? nullptr : origin->work_tag()} {}
  /// `tag`: of the scheduled run that this is part of, or null.
  RootEnvironment(Loop& loop, EnvironmentLink* origin, std::shared_ptr<const WorkTag> tag) noexcept
      : Environment{loop, nullptr}, keep_{&loop}, origin_{origin}, work_tag_{std::move(tag)} {}
  ~RootEnvironment() {
    if (link_) link_->forget();
  }

  /// For what may stop it from elsewhere; on the loop, or before it has started.
  const EnvironmentLink::Pointer& link() {
    if (!link_) link_ = new EnvironmentLink{loop(), *this};
    return link_;
  }

 private:
  // Whether what is started on its executor has anything from it.
  bool has_context() const noexcept { return work_tag_ != nullptr || outer_run_ != nullptr; }

  Loop::Pointer keep_;
  EnvironmentLink::Pointer link_;
  EnvironmentLink::Pointer origin_;
  std::shared_ptr<const WorkTag> work_tag_;
  const OuterRunSource* outer_run_ = nullptr;
};

}  // namespace cano::detail
