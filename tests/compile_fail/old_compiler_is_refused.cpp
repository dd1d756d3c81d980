// SPDX-License-Identifier: MIT
// expect-gcc: cano needs g\+\+ 12 or newer: older ones miscompile coroutines
// expect-clang: cano needs clang 16 or newer: older ones miscompile coroutines
#if defined(CANO_MISTAKE) && defined(__clang__)
#undef __clang_major__
#define __clang_major__ 15
#elif defined(CANO_MISTAKE)
#undef __GNUC__
#define __GNUC__ 11
#endif
#include <cano/version.hpp>
