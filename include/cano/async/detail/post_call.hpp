// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <utility>

#include <cano/async/detail/loop.hpp>

namespace cano::detail {

/// Calls a member function of `object` on the loop, and keeps the object until then. From any
/// thread. False where the context is gone.
template <class T> bool post_call(Loop& loop, std::shared_ptr<T> object, void (T::*function)()) {
  struct Call {
    Loop::Pointer loop;
    std::shared_ptr<T> object;
    void (T::*function)();
  };
  auto* const call = new Call{&loop, std::move(object), function};
  const bool is_posted = loop.post(call, [](void* posted, bool runs) {
    const std::unique_ptr<Call> own{static_cast<Call*>(posted)};
    if (runs) (own->object.get()->*own->function)();
  });
  if (!is_posted) delete call;
  return is_posted;
}

}  // namespace cano::detail
