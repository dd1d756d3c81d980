# SPDX-License-Identifier: MIT
# Proves that a mistake does not compile, and that the mistake alone is why:
#   cmake -DSOURCE=<file> -DCOMPILER_ID=<GNU or Clang> -P compile_fail.cmake -- <compile command>...
#
# The file compiles as it is. With CANO_MISTAKE defined it must not, and the compiler's first
# error, the only one it is asked for, must match the regex in the file's line "// expect: <regex>",
# or "// expect-gcc: ..." and "// expect-clang: ..." where the compilers differ.
cmake_minimum_required(VERSION 3.24)
include(${CMAKE_CURRENT_LIST_DIR}/command_after_dashes.cmake)

file(READ ${SOURCE} text)
set(compiler clang)
if(COMPILER_ID STREQUAL "GNU")
  set(compiler gcc)
endif()
if(NOT text MATCHES "\n// expect(-${compiler})?: ([^\n]+)\n")
  message(FATAL_ERROR "${SOURCE} has no line '// expect: <regex>' for ${compiler}")
endif()
set(expected "${CMAKE_MATCH_2}")

execute_process(COMMAND ${command} ${SOURCE} RESULT_VARIABLE failed ERROR_VARIABLE output)
if(failed)
  message(FATAL_ERROR "Without the mistake this must compile:\n${output}")
endif()

execute_process(COMMAND ${command} -DCANO_MISTAKE -Wfatal-errors ${SOURCE} RESULT_VARIABLE failed
                ERROR_VARIABLE output)
if(NOT failed)
  message(FATAL_ERROR "The mistake compiles, it must not.")
endif()
string(REGEX MATCH "[^\n]*error: [^\n]*" first "${output}")
if(NOT first MATCHES "${expected}")
  message(FATAL_ERROR "The first error is\n  ${first}\nand does not match\n  ${expected}\n${output}")
endif()
message("${first}")
