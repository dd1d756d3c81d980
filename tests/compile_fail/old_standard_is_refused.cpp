// SPDX-License-Identifier: MIT
// expect: cano needs C\+\+20 with coroutines and concepts
#ifdef CANO_MISTAKE
#undef __cpp_impl_coroutine  // as with -std=c++17
#endif
#include <cano/version.hpp>
