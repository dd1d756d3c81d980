// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cano/detail/cause.hpp>
#include <cano/detail/text.hpp>
#include <cano/duration.hpp>

namespace cano::detail {

/// The text of an error, with its message alone and behind a prefix, and its code: shared by the
/// copies of the error, and one allocation where a string each would be three. With it goes the
/// pause that the error names. The message is made one line of UTF-8 here, since most errors quote
/// something of the user's: a key, a name, a file.
class ErrorText final : public Cause {
 public:
  using Pointer = boost::intrusive_ptr<const ErrorText>;

  static Pointer make(int code, std::string_view prefix, std::string&& text,
                      std::optional<Duration> retry_after = {}) {
    std::string message = error_line(std::move(text));
    const std::size_t length = prefix.size() + separator.size() + message.size();
    void* const memory = ::operator new(sizeof(ErrorText) + length + 1);
    return Pointer{::new (memory) ErrorText{code, prefix, std::move(message), retry_after}};
  }

  int code() const noexcept { return code_; }
  const char* what() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  const std::string& message() const noexcept { return message_; }
  std::optional<Duration> retry_after() const noexcept { return retry_after_; }

 private:
  static constexpr std::string_view separator = ": ";

  // What `what()` gives is stored behind the object.
  ErrorText(int code, std::string_view prefix, std::string&& message,
            std::optional<Duration> retry_after)
      : code_{code}, message_{std::move(message)}, retry_after_{retry_after} {
    char* end = reinterpret_cast<char*>(this + 1);
    for (const std::string_view part : {prefix, separator, std::string_view{message_}})
      end = std::copy(part.begin(), part.end(), end);
    *end = '\0';
  }

  int code_;
  std::string message_;
  std::optional<Duration> retry_after_;
};

}  // namespace cano::detail
