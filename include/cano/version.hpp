// SPDX-License-Identifier: MIT
#pragma once

#include <boost/version.hpp>

/// The library's version as one number, for `#if`: major * 10000 + minor * 100 + patch.
#define CANO_VERSION 100

/// The library's version as text.
#define CANO_VERSION_STRING "0.1.0"

// What is known to go wrong is refused here, by name: a program that builds and then crashes costs
// its user more than one that does not build.

// Older Asio lacks per-operation cancellation fixes and the `deferred` token this library uses.
#if BOOST_VERSION < 108100
#error "cano needs Boost 1.81 or newer (Debian 12: libboost1.81-dev, not libboost-dev)"
#endif

#if defined(__apple_build_version__)
// Apple's clang counts versions of its own.
#elif defined(__clang__) && __clang_major__ < 16
#error "cano needs clang 16 or newer: older ones miscompile coroutines (LLVM issue 57861)"
#elif !defined(__clang__) && defined(__GNUC__) && __GNUC__ < 12
#error "cano needs g++ 12 or newer: older ones miscompile coroutines (GCC bugs 95599, 100611)"
#endif

#if !defined(__cpp_impl_coroutine) || !defined(__cpp_concepts)
#error "cano needs C++20 with coroutines and concepts (-std=c++20; g++ 12 or clang 16 and newer)"
#endif

#if (defined(__GNUC__) || defined(__clang__)) && !defined(__cpp_exceptions)
#error \
    "cano needs exceptions, which report what goes wrong in a task: compile without -fno-exceptions"
#endif
