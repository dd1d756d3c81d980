// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include <cano/detail/error_text.hpp>
#include <cano/duration.hpp>
#include <cano/version.hpp>  // IWYU pragma: keep

namespace cano {

/// What went wrong, as a `std::error_code` enumeration of category "cano".
enum class Errc {
  NodeExecution = 1,   ///< A Node's own work failed.
  TaskExecution,       ///< A task's own work failed, or it gave the engine nothing to run.
  Preparation,         ///< Input could not be loaded, or not read; is retried by default.
  KeyNotFound,         ///< A store holds no value under the key.
  TypeMismatch,        ///< A store holds a value of another type under the key.
  AppendTypeMismatch,  ///< The value under the key is not a vector of the item's type.
  Store,               ///< Any other failure of a store.
  Workflow,            ///< The workflow itself is wrong, e.g. a state has no task.
  Configuration,       ///< A setting, expression or registration is not valid.
  RetryExhausted,      ///< An operation that retries on its own gave up.
  Timeout,             ///< A limit on an attempt, a state or a run has passed.
  Cancelled,           ///< The run was asked to stop before it finished.
  Generic,             ///< Anything else.
  CircuitOpen,         ///< A circuit breaker lets no call through; the service seems to be down.
  RateLimited,         ///< A limit has no room in the time that one would wait for it.
  JoinFailed,          ///< Too few branches of a split, or items of an each, have succeeded.
  CompensationFailed,  ///< What a run had done could not all be undone.
};

/// The category of `Errc`; its messages are the prefixes of `Error::what()`.
///
/// There is one in a program, as comparing error codes needs, also for libraries that hide their
/// symbols.
[[gnu::visibility("default")]] inline const std::error_category& error_category() noexcept;

/// What makes an `Errc` comparable to, and convertible into, a `std::error_code`.
inline std::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}

namespace detail {

struct ErrcText {
  std::string_view name;    // stable identifier, for logs and metrics
  std::string_view prefix;  // what a person reads before the message
};

constexpr ErrcText errc_text(Errc code) noexcept {
  if (code == Errc{}) return {"none", "No error"};
  switch (code) {
    case Errc::NodeExecution:
      return {"node_execution", "Node execution error"};
    case Errc::TaskExecution:
      return {"task_execution", "Task execution error"};
    case Errc::Preparation:
      return {"preparation", "Preparation error"};
    case Errc::KeyNotFound:
      return {"key_not_found", "Store error"};
    case Errc::TypeMismatch:
      return {"type_mismatch", "Store error"};
    case Errc::AppendTypeMismatch:
      return {"append_type_mismatch", "Store error"};
    case Errc::Store:
      return {"store", "Store error"};
    case Errc::Workflow:
      return {"workflow", "Workflow error"};
    case Errc::Configuration:
      return {"configuration", "Configuration error"};
    case Errc::RetryExhausted:
      return {"retry_exhausted", "Retry exhausted"};
    case Errc::Timeout:
      return {"timeout", "Timeout"};
    case Errc::Cancelled:
      return {"cancelled", "Cancelled"};
    case Errc::CircuitOpen:
      return {"circuit_open", "Circuit open"};
    case Errc::RateLimited:
      return {"rate_limited", "Rate limited"};
    case Errc::JoinFailed:
      return {"join_failed", "Join failed"};
    case Errc::CompensationFailed:
      return {"compensation_failed", "Compensation failed"};
    case Errc::Generic:
      break;
  }
  return {"generic", "Error"};
}

class ErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "cano"; }
  std::string message(int value) const override {
    return std::string{errc_text(static_cast<Errc>(value)).prefix};
  }
};

class Failure;

}  // namespace detail

inline const std::error_category& error_category() noexcept {
  static const detail::ErrorCategory category;
  return category;
}

namespace detail {

/// What an `Error` of that code begins with: the code, without a text.
///
/// std::system_error gives itself a text, by two allocations, for what() to show, which `Error` has
/// another for. It gives a copy none where the text of the original was moved away.
inline const std::system_error& base_of(Errc code) {
  static constexpr std::size_t codes = static_cast<std::size_t>(Errc::CompensationFailed) + 1;
  // Never destroyed: what fails at the end of the program fails with an Error too.
  static const auto& known =
      *new const auto{[]<int... Codes>(std::integer_sequence<int, Codes...>) {
        std::array all{std::system_error{Codes, error_category()}...};
        for (std::system_error& error : all)
          const std::runtime_error with_its_text{static_cast<std::runtime_error&&>(error)};
        return all;
      }(std::make_integer_sequence<int, codes>{})};
  const auto index = static_cast<std::size_t>(code);
  return known[index < codes ? index : 0];
}

}  // namespace detail

/// The exception of this library: an `Errc` and a sentence that names the thing at fault.
///
/// Copying never throws. Tasks may throw it too, or any other type: the engine passes every
/// exception through unchanged. Catch it by reference: a `std::system_error` made from it has the
/// code and no text.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe, it is immutable.
class Error : public std::system_error {
 public:
  /// No error: what `Result::error()` gives for a result that holds a value.
  Error() : Error{Errc{}, "none"} {}

  /// An error whose `what()` is the text of the code, a colon and the message.
  ///
  /// The message becomes one line of UTF-8: what is not UTF-8 is replaced by U+FFFD, line ends and
  /// other control characters are written as `\n`, `\u{1b}` and the like.
  Error(Errc code, std::string message)
      : Error{detail::ErrorText::make(static_cast<int>(code), detail::errc_text(code).prefix,
                                      std::move(message))} {}

  /// Never throws: copies share the text.
  Error(const Error&) noexcept = default;
  /// @overload
  Error& operator=(const Error&) noexcept = default;
  /// The other keeps its code, and has no message any more.
  Error(Error&&) noexcept = default;
  /// @overload
  Error& operator=(Error&&) noexcept = default;
  ~Error() override = default;

  /// "Workflow error: No task registered for state: B".
  const char* what() const noexcept override {
    return text_ ? text_->what() : detail::errc_text(errc()).prefix.data();
  }

  /// The message without its prefix: "No task registered for state: B".
  const std::string& message() const noexcept { return text_ ? text_->message() : nothing_; }

  /// The kind of error, for a `switch`.
  Errc errc() const noexcept { return static_cast<Errc>(code().value()); }

  /// How long to wait before another attempt makes sense, if the failure says: see
  /// `RetryAfter`. Copies keep it, also those that are only an `Error`.
  std::optional<Duration> retry_after() const noexcept {
    return text_ ? text_->retry_after() : std::nullopt;
  }

  /// A stable name for logs and metrics: "node_execution", "key_not_found", "timeout", ...
  std::string_view category_name() const noexcept { return detail::errc_text(errc()).name; }

 protected:
  /// For `RetryAfter`.
  Error(Errc code, std::string message, Duration retry_after)
      : Error{detail::ErrorText::make(static_cast<int>(code), detail::errc_text(code).prefix,
                                      std::move(message), retry_after)} {}

 private:
  friend class detail::Failure;

  explicit Error(detail::ErrorText::Pointer text)
      : std::system_error{detail::base_of(static_cast<Errc>(text->code()))},
        text_{std::move(text)} {
    if (code().value() != text_->code()) [[unlikely]] {
      const auto unknown = static_cast<Errc>(text_->code());
      std::system_error::operator=(std::system_error{make_error_code(unknown)});
    }
  }

  static inline const std::string nothing_{};

  detail::ErrorText::Pointer text_;  // null once moved from
};

}  // namespace cano

template <> struct std::is_error_code_enum<cano::Errc> : std::true_type {};
