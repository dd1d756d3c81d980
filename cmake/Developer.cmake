# SPDX-License-Identifier: MIT
# Settings of cano's own tests, examples and benchmarks; nothing here reaches a project that uses
# the library.

option(CANO_WARNINGS_AS_ERRORS "Treat warnings in cano's own targets as errors" ON)
set(CANO_SANITIZE "" CACHE STRING "Sanitizers of cano's own targets, e.g. address,undefined or thread")
option(CANO_COVERAGE "Record which code of cano's own targets runs (clang)" OFF)
option(CANO_PRECOMPILE_HEADERS "Compile cano.hpp once for all tests and once for all examples" OFF)

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# What is precompiled is not to pass for system headers: of those, compilers neither warn nor record
# what ran.
set(CMAKE_PCH_PROLOGUE "")

add_library(cano_developer INTERFACE)
add_library(cano::developer ALIAS cano_developer)
target_link_libraries(cano_developer INTERFACE cano::cano)
target_compile_options(cano_developer INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(CANO_WARNINGS_AS_ERRORS)
  target_compile_options(cano_developer INTERFACE -Werror)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND (CMAKE_UNITY_BUILD OR CANO_PRECOMPILE_HEADERS))
  # It warns of types of one file in a header. It takes the files that are put together for headers,
  # and forgets what a precompiled one says of its own warnings.
  target_compile_options(cano_developer INTERFACE -Wno-subobject-linkage)
endif()

# What a compiler needs to be quick with a precompiled header. By itself g++ looks for garbage, again
# and again, in all that it took from there: an eighth of the time to compile an example.
set(cano_precompiled_options)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(cano_precompiled_options --param=ggc-min-heapsize=500000)  # KB
endif()
if(CANO_PRECOMPILE_HEADERS)
  target_compile_options(cano_developer INTERFACE ${cano_precompiled_options})
endif()

# What needs a component that cannot be had is left out.
foreach(component IN LISTS cano_components)
  cano_make_component(${component} problem GLOBAL)
  if(problem)
    message(NOTICE "cano: tests and examples are left out: ${problem}")
  endif()
endforeach()

# cano_precompile(<target> <owner> <header>...): where that is asked for, <target> uses what is
# precompiled of the headers for <owner>, which may be itself.
function(cano_precompile target owner)
  if(NOT CANO_PRECOMPILE_HEADERS)
    return()
  endif()
  if(target STREQUAL owner)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()

# The library is header-only: a sanitizer reaches it only through the flags of the including target.
if(CANO_SANITIZE)
  target_compile_options(cano_developer INTERFACE -fsanitize=${CANO_SANITIZE}
                                                  -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(cano_developer INTERFACE -fsanitize=${CANO_SANITIZE})
  if(CANO_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Asio uses atomic_thread_fence, which g++ cannot instrument and warns of.
    target_compile_options(cano_developer INTERFACE -Wno-tsan)
  endif()
endif()
if(CANO_COVERAGE)
  target_compile_options(cano_developer INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(cano_developer INTERFACE -fprofile-instr-generate)
endif()

# Target self_contained_headers: each header is compiled alone, with the warnings above. (CMake's
# own VERIFY_INTERFACE_HEADER_SETS has no place for those.)
get_target_property(headers cano HEADER_SET)
foreach(header IN LISTS headers)
  cmake_path(RELATIVE_PATH header BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/include)
  set(source ${PROJECT_BINARY_DIR}/self_contained/${header}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include <${header}>\n")
  list(APPEND self_contained_sources ${source})
endforeach()
add_library(self_contained_headers OBJECT EXCLUDE_FROM_ALL ${self_contained_sources})
set_target_properties(self_contained_headers PROPERTIES UNITY_BUILD OFF)
target_link_libraries(self_contained_headers PRIVATE cano::developer)
