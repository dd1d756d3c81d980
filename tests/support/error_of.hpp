// SPDX-License-Identifier: MIT
#pragma once

#include <cano/error.hpp>

/// The error that `call()` throws; none where it throws none.
template <class Call> cano::Error error_of(Call call) {
  try {
    call();
  } catch (const cano::Error& error) {
    return error;
  }
  return {};
}
