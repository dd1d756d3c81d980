# SPDX-License-Identifier: MIT
# What cano::cano itself links: Boost's headers, nlohmann_json, the platform's threads.

find_package(Boost 1.81 QUIET)
if(NOT Boost_FOUND)
  message(
    FATAL_ERROR
      "cano needs Boost 1.81 or newer, headers only. Debian 12: apt-get install libboost1.81-dev "
      "(its libboost-dev is 1.74, too old). Elsewhere: point Boost_ROOT at a newer Boost.")
endif()

find_package(nlohmann_json 3.11 QUIET)
if(NOT nlohmann_json_FOUND)
  message(FATAL_ERROR "cano needs nlohmann_json 3.11 or newer. Debian: nlohmann-json3-dev")
endif()

find_package(Threads REQUIRED)
