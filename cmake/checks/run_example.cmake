# SPDX-License-Identifier: MIT
# Runs a program and asserts its exit code, its standard output and its standard error:
#   cmake [-DEXPECTED_FILE=<file> | -DEXPECTED_REGEX=<regex>] [-DEXPECTED_ERROR=<line>]
#         [-DEXPECTED_EXIT_CODE=<n>] -P run_example.cmake -- <program> <argument>...
# Standard error must be exactly the line EXPECTED_ERROR; without that it may be anything.
cmake_minimum_required(VERSION 3.24)
include(${CMAKE_CURRENT_LIST_DIR}/command_after_dashes.cmake)

execute_process(
  COMMAND ${command}
  OUTPUT_VARIABLE actual
  ERROR_VARIABLE errors
  RESULT_VARIABLE exit_code)

if(NOT EXPECTED_EXIT_CODE)
  set(EXPECTED_EXIT_CODE 0)
endif()
if(NOT "${exit_code}" STREQUAL "${EXPECTED_EXIT_CODE}")
  message(FATAL_ERROR "Ended with ${exit_code}, expected ${EXPECTED_EXIT_CODE}.\n"
                      "Standard output:\n${actual}\nStandard error:\n${errors}")
endif()

if(DEFINED EXPECTED_ERROR AND NOT errors STREQUAL "${EXPECTED_ERROR}\n")
  message(FATAL_ERROR "Standard error is not as expected.\n"
                      "--- expected\n${EXPECTED_ERROR}\n--- actual\n${errors}")
endif()

if(DEFINED EXPECTED_REGEX)
  if(NOT actual MATCHES "${EXPECTED_REGEX}")
    message(FATAL_ERROR "The output does not match \"${EXPECTED_REGEX}\":\n${actual}")
  endif()
elseif(DEFINED EXPECTED_FILE)
  file(READ "${EXPECTED_FILE}" expected)
  if(NOT actual STREQUAL expected)
    message(FATAL_ERROR "The output is not that of ${EXPECTED_FILE}.\n"
                        "--- expected\n${expected}--- actual\n${actual}")
  endif()
endif()
