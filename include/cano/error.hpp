// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

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

}  // namespace detail

inline const std::error_category& error_category() noexcept {
  static const detail::ErrorCategory category;
  return category;
}

/// The exception of this library: an `Errc` and a sentence that names the thing at fault.
///
/// Copying never throws. Tasks may throw it too, or any other type: the engine passes every
/// exception through unchanged.
///
/// **Threads.** Distinct objects: safe. Shared objects: safe, it is immutable.
class Error : public std::system_error {
 public:
  /// No error: what `Result::error()` gives for a result that holds a value.
  Error() : Error{Errc{}, "none"} {}

  /// An error whose `what()` is the text of the code, a colon and the message.
  Error(Errc code, std::string message)
      : std::system_error{make_error_code(code)}, text_{make_text(code, std::move(message))} {}

  // Copies only: an error that was moved from would have no text to show.
  /// Never throws: copies share the text.
  Error(const Error&) noexcept = default;
  /// @overload
  Error& operator=(const Error&) noexcept = default;
  ~Error() override = default;

  /// "Workflow error: No task registered for state: B".
  const char* what() const noexcept override { return text_->what.c_str(); }

  /// The message without its prefix: "No task registered for state: B".
  const std::string& message() const noexcept { return text_->message; }

  /// The kind of error, for a `switch`.
  Errc errc() const noexcept { return static_cast<Errc>(code().value()); }

  /// A stable name for logs and metrics: "node_execution", "key_not_found", "timeout", ...
  std::string_view category_name() const noexcept { return detail::errc_text(errc()).name; }

 private:
  struct Text {
    std::string what;
    std::string message;
  };

  static std::shared_ptr<const Text> make_text(Errc code, std::string message) {
    const std::string_view prefix = detail::errc_text(code).prefix;
    std::string what;
    what.reserve(prefix.size() + 2 + message.size());
    what.append(prefix).append(": ").append(message);
    return std::make_shared<const Text>(Text{std::move(what), std::move(message)});
  }

  std::shared_ptr<const Text> text_;
};

}  // namespace cano

template <> struct std::is_error_code_enum<cano::Errc> : std::true_type {};
