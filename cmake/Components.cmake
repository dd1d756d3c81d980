# SPDX-License-Identifier: MIT
# The components of cano: adapters that need one more library. Each is a target cano::<component>,
# which links that library and cano::cano. The package has this file too.

set(cano_components prometheus time_zones)

# Whether std::chrono has time zones: then nothing else is needed for them.
function(cano_find_std_time_zones)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_FLAGS ${CMAKE_CXX20_STANDARD_COMPILE_OPTION})
  set(CMAKE_REQUIRED_QUIET ON)
  check_cxx_source_compiles(
    "#include <chrono>
     #if !defined(__cpp_lib_chrono) || __cpp_lib_chrono < 201907L
     #error
     #endif
     int main() {}"
    CANO_STD_HAS_TIME_ZONES)
endfunction()

# cano_make_component(<component> <problem> [GLOBAL]): makes cano::<component> and sets <problem> to
# nothing, or to a sentence that says what is missing. GLOBAL: for projects above this one as well.
function(cano_make_component component problem)
  set(${problem} "" PARENT_SCOPE)
  if(TARGET cano::${component})
    return()
  endif()
  set(library)
  if(component STREQUAL "time_zones")
    cano_find_std_time_zones()
    if(NOT CANO_STD_HAS_TIME_ZONES)
      set(library date::date-tz)
      find_package(date CONFIG QUIET ${ARGN})
      string(CONCAT needs "std::chrono with time zones (g++ 14), or the date library (Debian: "
                          "libhowardhinnant-date-dev, elsewhere point date_ROOT at it)")
    endif()
  elseif(component STREQUAL "prometheus")
    set(library prometheus-cpp::core)
    find_package(prometheus-cpp CONFIG QUIET ${ARGN})
    set(needs "prometheus-cpp (Debian: prometheus-cpp-dev, elsewhere point prometheus-cpp_ROOT at it)")
  else()
    list(JOIN cano_components ", " known)
    set(${problem} "cano has no component ${component}, only ${known}." PARENT_SCOPE)
    return()
  endif()
  if(library AND NOT TARGET ${library})
    set(${problem} "cano's component ${component} needs ${needs}." PARENT_SCOPE)
    return()
  endif()
  add_library(cano::${component} INTERFACE IMPORTED ${ARGN})
  target_link_libraries(cano::${component} INTERFACE cano::cano ${library})
endfunction()
