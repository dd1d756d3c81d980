// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <boost/smart_ptr/intrusive_ptr.hpp>

namespace cano::detail {

/// What an error says, with its message alone and behind a prefix: shared by the copies of the
/// error, and one allocation where a string each would be three.
class ErrorText {
 public:
  using Pointer = boost::intrusive_ptr<const ErrorText>;

  static Pointer make(std::string_view prefix, std::string&& message) {
    const std::size_t length = prefix.size() + separator.size() + message.size();
    void* const memory = ::operator new(sizeof(ErrorText) + length + 1);
    return Pointer{::new (memory) ErrorText{prefix, std::move(message)}};
  }
  ErrorText(const ErrorText&) = delete;
  ErrorText& operator=(const ErrorText&) = delete;

  const char* what() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  const std::string& message() const noexcept { return message_; }

  friend void intrusive_ptr_add_ref(const ErrorText* text) noexcept {
    text->owners_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(const ErrorText* text) noexcept {
    // Most errors have one owner in the end, who can tell so without the cost of a write.
    if (text->owners_.load(std::memory_order_acquire) != 1 &&
        text->owners_.fetch_sub(1, std::memory_order_acq_rel) != 1) {
      return;
    }
    text->~ErrorText();
    ::operator delete(const_cast<ErrorText*>(text));
  }

 private:
  static constexpr std::string_view separator = ": ";

  // What `what()` gives lies behind the object.
  ErrorText(std::string_view prefix, std::string&& message) : message_{std::move(message)} {
    char* end = reinterpret_cast<char*>(this + 1);
    for (const std::string_view part : {prefix, separator, std::string_view{message_}})
      end = std::copy(part.begin(), part.end(), end);
    *end = '\0';
  }
  ~ErrorText() = default;

  std::string message_;
  mutable std::atomic<std::size_t> owners_{0};
};

}  // namespace cano::detail
