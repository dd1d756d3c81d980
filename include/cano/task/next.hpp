// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

namespace cano {

/// The type of `to<Target>`.
template <auto Target> struct To {
  static constexpr auto target = Target;  ///< The state.
};

/// Names the next state in a task that declares its targets: `return to<State::Done>;`.
template <auto Target> inline constexpr To<Target> to{};

namespace detail {

template <auto First, auto...> struct FirstOf {
  using type = std::remove_cv_t<decltype(First)>;
};

}  // namespace detail

/// The next state of a task that declares, in its type, every state it can go to.
///
/// What is declared can be checked and drawn: `Workflow::validate` finds a target without a task
/// before anything runs, `Workflow::graph` knows the arrow, and a target that is not declared does
/// not compile.
///
///     Next<State::Good, State::Bad> run(Store& store) const {
///       if (store.ok) return to<State::Good>;
///       return to<State::Bad>;
///     }
template <auto... Targets> class Next {
  static_assert(sizeof...(Targets) > 0, "cano: Next<> needs at least one target state");

 public:
  /// The type of the states.
  using state_type = typename detail::FirstOf<Targets...>::type;
  static_assert((std::same_as<state_type, std::remove_cv_t<decltype(Targets)>> && ...),
                "cano: all targets of a Next<...> must be of one state type");

  /// All declared targets, in the order they are written.
  static constexpr std::array<state_type, sizeof...(Targets)> targets{Targets...};

  /// From `to<Target>`, if `Target` is one of the declared states.
  template <auto Target>
  constexpr Next(To<Target>) noexcept  // NOLINT(google-explicit-constructor)
      : index_{index_of<Target>()} {
    static_assert(std::same_as<state_type, std::remove_cv_t<decltype(Target)>>,
                  "cano: this target is of another state type than the task's Next<...>");
    if constexpr (std::same_as<state_type, std::remove_cv_t<decltype(Target)>>) {
      static_assert(((Target == Targets) || ...),
                    "cano: this target is not declared in the task's Next<...>");
    }
  }

  /// The state that was chosen.
  constexpr state_type state() const noexcept { return targets[index_]; }

 private:
  template <auto Target> static consteval std::size_t index_of() {
    if constexpr (std::same_as<state_type, std::remove_cv_t<decltype(Target)>>) {
      for (std::size_t i = 0; i < sizeof...(Targets); ++i) {
        if (targets[i] == Target) return i;
      }
    }
    return 0;
  }

  // Not the state itself: g++ 12 warns of a member whose enum is in an unnamed namespace.
  std::size_t index_;
};

}  // namespace cano
