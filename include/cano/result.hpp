// SPDX-License-Identifier: MIT
#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <cano/error.hpp>

namespace cano {

/// A value, or an `Error` that was returned instead of thrown.
///
/// A task that fails often returns this: a failed attempt then costs no exception. `value()` on a
/// failed result throws its `Error`.
template <class T> using Result = boost::system::result<T, Error>;

/// What `Result::value()` calls when there is no value (found by argument-dependent lookup).
[[noreturn]] inline void throw_exception_from_error(const Error& error,
                                                    const boost::source_location&) {
  throw error;
}

}  // namespace cano
