// SPDX-License-Identifier: MIT
#pragma once

#include <cassert>

#include <cano/version.hpp>  // IWYU pragma: export

// What every header may count on: the alias for Asio, visibility, assertions.

namespace boost::asio {}

namespace cano {
namespace asio = boost::asio;
}

/// Checks a precondition of the library's own code; a program may define its own before the first
/// include.
#ifndef CANO_ASSERT
#define CANO_ASSERT(condition) assert(condition)
#endif

/// Marks what a program has only one of, also in libraries that hide their symbols.
#if defined(__GNUC__)
#define CANO_VISIBLE [[gnu::visibility("default")]]
#else
#define CANO_VISIBLE
#endif
