# SPDX-License-Identifier: MIT
# What cano::cano itself links: Boost's headers, nlohmann_json, the platform's threads. GLOBAL, so
# that a project that adds cano as a subdirectory can link them too.

if(CANO_FETCH_DEPENDENCIES)
  include(cmake/FetchDependencies.cmake)
endif()

# A target that the parent project has already made is used as it is.
if(NOT TARGET Boost::headers)
  find_package(Boost 1.81 CONFIG QUIET GLOBAL)
  if(NOT Boost_FOUND)
    if(Boost_CONSIDERED_VERSIONS)
      list(JOIN Boost_CONSIDERED_VERSIONS ", " found)
      set(found " Found only ${found}.")
    endif()
    message(
      FATAL_ERROR
        "cano needs Boost 1.81 or newer, headers only.${found} Debian 12: apt-get install "
        "libboost1.81-dev (its libboost-dev is 1.74, too old). Elsewhere: point Boost_ROOT at an "
        "installed newer Boost, or set CANO_FETCH_DEPENDENCIES=ON.")
  endif()
endif()

if(NOT TARGET nlohmann_json::nlohmann_json)
  find_package(nlohmann_json 3.11 CONFIG QUIET GLOBAL)
  if(NOT nlohmann_json_FOUND)
    message(
      FATAL_ERROR
        "cano needs nlohmann_json 3.11 or newer. Debian and Ubuntu: apt-get install "
        "nlohmann-json3-dev. Elsewhere: point nlohmann_json_ROOT at an installed one, or set "
        "CANO_FETCH_DEPENDENCIES=ON.")
  endif()
endif()

find_package(Threads REQUIRED GLOBAL)
