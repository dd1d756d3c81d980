// SPDX-License-Identifier: MIT
#pragma once

#include <boost/version.hpp>

/// The library's version as one number, for `#if`: major * 10000 + minor * 100 + patch.
#define CANO_VERSION 100

/// The library's version as text.
#define CANO_VERSION_STRING "0.1.0"

// Older Asio lacks per-operation cancellation fixes and the `deferred` token this library uses.
#if BOOST_VERSION < 108100
#error "cano needs Boost 1.81 or newer (Debian 12: libboost1.81-dev, not libboost-dev)"
#endif

#if !defined(__cpp_impl_coroutine) || !defined(__cpp_concepts)
#error "cano needs C++20 with coroutines and concepts (-std=c++20; g++ 12 or clang 16 and newer)"
#endif
