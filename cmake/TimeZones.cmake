# SPDX-License-Identifier: MIT
# Target cano::time_zones: what a program links that includes cano/adapters/time_zones.hpp. Nothing
# where std::chrono has time zones, else the date library. Where there is neither, the target is
# missing and what needs it is left out.
include(CheckCXXSourceCompiles)

set(CMAKE_REQUIRED_FLAGS -std=c++20)
check_cxx_source_compiles(
  "#include <chrono>
   #if !defined(__cpp_lib_chrono) || __cpp_lib_chrono < 201907L
   #error
   #endif
   int main() {}"
  CANO_STD_HAS_TIME_ZONES)
unset(CMAKE_REQUIRED_FLAGS)
if(NOT CANO_STD_HAS_TIME_ZONES)
  find_package(date CONFIG QUIET)
endif()

if(CANO_STD_HAS_TIME_ZONES OR TARGET date::date-tz)
  add_library(cano_time_zones INTERFACE)
  add_library(cano::time_zones ALIAS cano_time_zones)
  if(NOT CANO_STD_HAS_TIME_ZONES)
    target_link_libraries(cano_time_zones INTERFACE date::date-tz)
  endif()
else()
  message(NOTICE "cano: neither std::chrono nor the date library has time zones here, their tests "
                 "are left out (Debian: libhowardhinnant-date-dev)")
endif()
