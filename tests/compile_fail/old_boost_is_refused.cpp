// SPDX-License-Identifier: MIT
// expect: cano needs Boost 1\.81 or newer
#ifdef CANO_MISTAKE
#define BOOST_VERSION_HPP  // in place of boost/version.hpp of Boost 1.74
#define BOOST_VERSION 107400
#endif
#include <cano/version.hpp>
