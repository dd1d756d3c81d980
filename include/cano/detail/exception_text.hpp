// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <string>
#include <type_traits>

#include <boost/asio/multiple_exceptions.hpp>
#include <boost/system/system_error.hpp>

#include <cano/detail/failure_kind.hpp>

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

std::string text_of_nesting(const std::nested_exception& nesting, int depth);
std::string text_of_several(const asio::multiple_exceptions& several, int depth);

// What the exception that `rethrow()` throws says; without `LooksInside` not what it carries.
template <bool LooksInside, class Rethrow>
std::string text_thrown_by(Rethrow&& rethrow, int depth) {
  using Nesting = std::conditional_t<LooksInside, std::nested_exception, NeverThrown>;
  try {
    rethrow();
  } catch ([[maybe_unused]] const Nesting& nesting) {
    if constexpr (LooksInside) return text_of_nesting(nesting, depth);
  } catch (const boost::system::system_error& error) {
    return without_location(error);
  } catch (const asio::multiple_exceptions& several) {
    return text_of_several(several, depth);
  } catch (const std::exception& error) {
    return error.what();
  } catch (const std::string& text) {
    return text;
  } catch (const char* text) {
    return text == nullptr ? "unknown exception" : text;
  } catch (int number) {
    return "exception of type int: " + std::to_string(number);
  } catch (...) {  // NOLINT(bugprone-empty-catch): of any other type there is nothing to say
  }
  return "unknown exception";
}

/// What an exception of any type says, and the ones that it carries, for logs and reports; empty
/// for a null pointer.
inline std::string exception_text(const std::exception_ptr& exception, int depth = 0) {
  if (!exception || depth == deepest_cause) return {};
  return text_thrown_by<true>([&] { std::rethrow_exception(exception); }, depth);
}

/// "loading order 7: connection refused"; a text that names its cause itself is left as it is.
inline std::string text_of_nesting(const std::nested_exception& nesting, int depth) {
  std::string text = text_thrown_by<false>([] { throw; }, depth);
  const std::string inner = exception_text(nesting.nested_ptr(), depth + 1);
  if (text.find(inner) != std::string::npos) return text;
  return text + ": " + inner;
}

/// The one that is known of several.
inline std::string text_of_several(const asio::multiple_exceptions& several, int depth) {
  std::string text = exception_text(several.first_exception(), depth + 1);
  if (text.empty()) return several.what();
  if (!says_cancelled(traits_of(several.first_exception(), depth + 1).kind)) return text;
  return std::string{several.what()} + ", the first: " + text;
}

}  // namespace cano::detail
