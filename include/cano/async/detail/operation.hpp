// SPDX-License-Identifier: MIT
#pragma once

#include <coroutine>
#include <exception>
#include <tuple>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <cano/async/detail/environment.hpp>
#include <cano/async/detail/operation_state.hpp>
#include <cano/async/detail/promise.hpp>

namespace cano::detail {

inline void throw_if_failed(const boost::system::error_code& error) {
  if (error) throw boost::system::system_error{error};
}
// Not a copy: the thread that completed the operation may be the last to let go of its result.
inline void throw_if_failed(std::exception_ptr&& error) {
  if (error) std::rethrow_exception(std::move(error));
}

template <class... Values> auto single_or_tuple(std::tuple<Values...>&& values) {
  if constexpr (sizeof...(Values) == 0) {
    return;
  } else if constexpr (sizeof...(Values) == 1) {
    return std::get<0>(std::move(values));
  } else {
    return std::move(values);
  }
}

template <class T>
inline constexpr bool is_failure_argument =
    std::is_same_v<T, boost::system::error_code> || std::is_same_v<T, std::exception_ptr>;

/// What an operation gives: an error that comes first is thrown; one value is given as it is.
inline void result_of(std::tuple<>&&) {}
template <class First, class... Rest> auto result_of(std::tuple<First, Rest...>&& result) {
  if constexpr (is_failure_argument<First>) {
    throw_if_failed(std::move(std::get<0>(result)));
    return std::apply(
        [](auto&&, auto&&... rest) {
          return single_or_tuple(std::tuple<Rest...>{std::move(rest)...});
        },
        std::move(result));
  } else {
    return single_or_tuple(std::move(result));
  }
}

/// Awaits an operation: `Initiate` is called with the handler.
template <class Initiate, class... Args> class OperationAwaiter {
 public:
  OperationAwaiter(Environment& environment,
                   Initiate initiate) noexcept(std::is_nothrow_move_constructible_v<Initiate>)
      : environment_{&environment}, initiate_{std::forward<Initiate>(initiate)} {}
  OperationAwaiter(const OperationAwaiter&) = delete;
  OperationAwaiter& operator=(const OperationAwaiter&) = delete;
  ~OperationAwaiter() {
    if (state_) state_->forget_coroutine();
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> coroutine) {
    state_ = new OperationState<Args...>{*environment_};
    state_->begins(coroutine);
    try {
      std::forward<Initiate>(initiate_)(OperationHandler<Args...>{*state_});
    } catch (...) {
      state_->initiation_failed();
      throw;
    }
    return state_->has_to_wait();
  }
  auto await_resume() {
    if (state_->was_dropped()) throw_aborted();
    return result_of(std::move(*state_->result));
  }

 private:
  Environment* environment_;
  Initiate initiate_;  // a reference to an operand lives in the expression that awaits it
  boost::intrusive_ptr<OperationState<Args...>> state_;
};

// ---- operations of Asio's

/// The awaiter of an operation, by the signature of its completion.
template <class Signature, class Operation> struct AwaiterOfOperation;
template <class R, class... Args, class Operation>
struct AwaiterOfOperation<R(Args...), Operation> {
  using type = OperationAwaiter<Operation&&, std::decay_t<Args>...>;
};

template <class Operation>
  requires asio::is_async_operation<Operation>::value
struct OperandAwaiter<Operation> {
  using type =
      typename AwaiterOfOperation<asio::completion_signature_of_t<Operation>, Operation>::type;
};

// ---- our own operations

/// An operation that is started by calling `initiate` with its handler.
template <class Initiate, class... Args> class LibraryOperation {
 public:
  explicit LibraryOperation(Initiate initiate) : initiate_{std::move(initiate)} {}
  Initiate& initiate() noexcept { return initiate_; }

 private:
  Initiate initiate_;
};

template <class... Args, class Initiate>
LibraryOperation<Initiate, Args...> library_operation(Initiate initiate) {
  return LibraryOperation<Initiate, Args...>{std::move(initiate)};
}

template <class Initiate, class... Args>
struct OperandAwaiter<LibraryOperation<Initiate, Args...>> {
  class Awaiter : public OperationAwaiter<Initiate&&, Args...> {
   public:
    Awaiter(Environment& environment, LibraryOperation<Initiate, Args...>&& operation)
        : OperationAwaiter<Initiate&&, Args...>{environment, std::move(operation.initiate())} {}
  };
  using type = Awaiter;
};

}  // namespace cano::detail
