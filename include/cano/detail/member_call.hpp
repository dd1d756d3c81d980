// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include <boost/system/error_code.hpp>

namespace cano::detail {

/// A handler that calls a member function of an object, which it keeps alive or, where it was given
/// a weak pointer, only if that is still there.
///
/// One type for all objects and functions: for each type of handler a compiler makes Asio's
/// operations anew, some 50 functions a `post` and 110 a wait.
template <class Pointer> class MemberCall {
 public:
  using Function = void (*)(void* object, const boost::system::error_code& error);

  MemberCall(Pointer object, Function function) noexcept
      : object_{std::move(object)}, function_{function} {}

  void operator()(const boost::system::error_code& error = {}) const {
    if constexpr (std::is_same_v<Pointer, std::shared_ptr<void>>) {
      function_(object_.get(), error);
    } else if (const auto object = object_.lock()) {
      function_(object.get(), error);
    }
  }

 private:
  Pointer object_;
  Function function_;
};

template <auto Member, class T>
void call_member_of(void* object, const boost::system::error_code& error) {
  T& self = *static_cast<T*>(object);
  if constexpr (std::is_invocable_v<decltype(Member), T&, const boost::system::error_code&>) {
    static_cast<void>((self.*Member)(error));
  } else {
    static_cast<void>((self.*Member)());
  }
}

/// For `asio::post`, or with a member that takes the error for a timer.
template <auto Member, class T>
MemberCall<std::shared_ptr<void>> member_call(std::shared_ptr<T> object) {
  return {std::move(object), &call_member_of<Member, T>};
}
template <auto Member, class T>
MemberCall<std::weak_ptr<void>> member_call(std::weak_ptr<T> object) {
  return {std::move(object), &call_member_of<Member, T>};
}

}  // namespace cano::detail
