# SPDX-License-Identifier: MIT
# Pinned sources of what is not installed. An installed version that is new enough comes first;
# FETCHCONTENT_SOURCE_DIR_BOOST and its like name a local copy to use instead of a download.

include(FetchContent)

# Boost and nlohmann_json are taken as headers alone: SOURCE_SUBDIR names a folder without a
# CMakeLists.txt, so their own builds, which cano has no use for, do not run.
FetchContent_Declare(
  Boost
  URL https://archives.boost.io/release/1.81.0/source/boost_1_81_0.tar.bz2
  URL_HASH SHA256=71feeed900fbccca04a3b4f2f84a7c217186f28a940ed8b7ed4725986baf99fa
  SOURCE_SUBDIR headers-only
  FIND_PACKAGE_ARGS 1.81 CONFIG GLOBAL)
FetchContent_Declare(
  nlohmann_json
  URL https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz
  URL_HASH SHA256=d6c65aca6b1ed68e7a182f4757257b107ae403032760ed6ef121c9d55e81757d
  SOURCE_SUBDIR headers-only
  FIND_PACKAGE_ARGS 3.11 CONFIG GLOBAL)
FetchContent_Declare(
  Catch2
  URL https://github.com/catchorg/Catch2/archive/refs/tags/v3.7.1.tar.gz
  URL_HASH SHA256=c991b247a1a0d7bb9c39aa35faf0fe9e19764213f28ffba3109388e62ee0269c
  FIND_PACKAGE_ARGS)
FetchContent_Declare(
  benchmark
  URL https://github.com/google/benchmark/archive/refs/tags/v1.9.1.tar.gz
  URL_HASH SHA256=32131c08ee31eeff2c8968d7e874f3cb648034377dfc32a4c377fa8796d84981
  FIND_PACKAGE_ARGS 1.7)

# cano_fetch_headers(<name> <target> <header>): makes <target> from the folder that holds <header>.
function(cano_fetch_headers name target header)
  if(TARGET ${target})
    return()
  endif()
  FetchContent_MakeAvailable(${name})
  if(TARGET ${target})
    return()
  endif()
  string(TOLOWER ${name} lower)
  find_path(
    folder ${header}
    PATHS ${${lower}_SOURCE_DIR}
    PATH_SUFFIXES include
    NO_DEFAULT_PATH NO_CACHE REQUIRED)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} SYSTEM INTERFACE ${folder})
endfunction()

cano_fetch_headers(Boost Boost::headers boost/version.hpp)
cano_fetch_headers(nlohmann_json nlohmann_json::nlohmann_json nlohmann/json.hpp)
