// SPDX-License-Identifier: MIT
#pragma once

#include <system_error>

namespace umbrella {

// Defined in umbrella_other.cpp, which includes the whole library a second time.
const std::error_category* other_error_category();

}  // namespace umbrella
