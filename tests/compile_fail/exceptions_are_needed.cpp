// SPDX-License-Identifier: MIT
// expect: cano needs exceptions, which report what goes wrong in a task
#ifdef CANO_MISTAKE
#undef __cpp_exceptions  // as with -fno-exceptions
#endif
#include <cano/version.hpp>
