// SPDX-License-Identifier: MIT
#pragma once

// One include for both versions of Catch2 that distributions carry: 2.13 (Debian 12) and 3.

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
