// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>

#include <boost/system/system_error.hpp>

namespace cano::detail {

/// What Boost says, such as "connect: Connection refused [system:111]", without the place in its
/// sources that it adds: that names folders of the machine which compiled the program.
inline std::string without_location(const boost::system::system_error& error) {
  std::string text = error.what();
  const auto& code = error.code();
  if (!code.has_location()) return text;
  const std::string location = " at " + code.location().to_string();
  if (const auto at = text.rfind(location); at != std::string::npos)
    text.erase(at, location.size());
  return text;
}

/// What an exception of any type says, for logs and reports; empty for a null pointer.
inline std::string exception_text(const std::exception_ptr& exception) {
  if (!exception) return {};
  try {
    std::rethrow_exception(exception);
  } catch (const boost::system::system_error& error) {
    return without_location(error);
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
