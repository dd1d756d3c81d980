// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include <cano/state.hpp>
#include <cano/workflow/detail/definition.hpp>

namespace cano::detail {

/// A definition that is copied when it is written. It is changed in place until a copy of this
/// object or a run shares it; from then on a copy of it is changed.
///
/// The use count of a pointer would not do: it says nothing of what the last other owner still did
/// in its thread.
template <StateLike State, class Store> class SharedDefinition {
 public:
  using DefinitionType = Definition<State, Store>;

  explicit SharedDefinition(State start) : held_{std::make_shared<Held>()} {
    held_->definition.start = std::move(start);
  }
  explicit SharedDefinition(const DefinitionType& copied) : held_{std::make_shared<Held>(copied)} {}
  // Copies only, which are cheap: what was moved from is still whole.
  SharedDefinition(const SharedDefinition& other) noexcept : held_{other.share()} {}
  SharedDefinition& operator=(const SharedDefinition& other) noexcept {
    held_ = other.share();
    return *this;
  }
  ~SharedDefinition() = default;

  const DefinitionType& operator*() const noexcept { return held_->definition; }
  const DefinitionType* operator->() const noexcept { return &held_->definition; }

  DefinitionType& changed() {
    if (held_->is_shared.load(std::memory_order_relaxed)) {
      held_ = std::make_shared<Held>(held_->definition);
    }
    return held_->definition;
  }

  /// For a run, which keeps it alive.
  std::shared_ptr<const DefinitionType> pointer() const noexcept {
    auto held = share();
    const DefinitionType* const definition = &held->definition;
    return {std::move(held), definition};
  }

 private:
  struct Held {
    Held() = default;
    explicit Held(const DefinitionType& copied) : definition{copied} {}

    DefinitionType definition{};
    std::atomic<bool> is_shared{false};
  };

  std::shared_ptr<Held> share() const noexcept {
    held_->is_shared.store(true, std::memory_order_relaxed);
    return held_;
  }

  std::shared_ptr<Held> held_;
};

}  // namespace cano::detail
