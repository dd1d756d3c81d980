// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>

namespace cano::detail {

/// What an exception of any type says, for logs and reports; empty for a null pointer.
inline std::string exception_text(const std::exception_ptr& exception) {
  if (!exception) return {};
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return error.what();
  } catch (const std::string& text) {
    return text;
  } catch (const char* text) {
    return text == nullptr ? "unknown exception" : text;
  } catch (int number) {
    return "exception of type int: " + std::to_string(number);
  } catch (...) {
    return "unknown exception";
  }
}

}  // namespace cano::detail
