# SPDX-License-Identifier: MIT
# Asserts by the compiler's own report that each loop marked "// SIMD" is vectorised:
#   cmake -DCOMPILER=<path> -DCOMPILER_ID=<GNU|Clang> -DSOURCE=<file> -P vectorised.cmake
cmake_minimum_required(VERSION 3.24)

if(COMPILER_ID STREQUAL "GNU")
  set(flags -O2 -ftree-vectorize -fopt-info-vec-optimized)
  set(message "optimized: +loop vectorized")
else()
  set(flags -O2 -Rpass=loop-vectorize)
  set(message "remark: vectorized loop")
endif()
execute_process(
  COMMAND ${COMPILER} -std=c++20 ${flags} -c ${SOURCE} -o /dev/null
  OUTPUT_VARIABLE report
  ERROR_VARIABLE report
  RESULT_VARIABLE exit_code)
if(NOT exit_code EQUAL 0)
  message(FATAL_ERROR "It does not compile:\n${report}")
endif()

file(READ ${SOURCE} text)
string(REGEX REPLACE "[][;]" "," text "${text}")  # these would upset a list
string(REPLACE "\n" ";" lines "${text}")
set(number 0)
set(loops 0)
foreach(line IN LISTS lines)
  math(EXPR number "${number} + 1")
  if(line MATCHES "for .*// SIMD$")
    math(EXPR loops "${loops} + 1")
    if(NOT report MATCHES ":${number}:[0-9]+: ${message}")
      message(SEND_ERROR "Line ${number} is not vectorised:${line}\n${report}")
    endif()
  endif()
endforeach()
if(loops EQUAL 0)
  message(FATAL_ERROR "No loop is marked: for (...)  // SIMD")
endif()
message(STATUS "${loops} loops are vectorised")
