# SPDX-License-Identifier: MIT
# Builds and runs a separate project that uses cano in one way:
#   cmake -DWAY=<way> -DSOURCE=<cano's sources> -DBUILD=<cano's build> -DWORK=<scratch folder>
#         -DCOMPILER=<c++> -DGENERATOR=<generator> -DMAKE_PROGRAM=<its program>
#         -DBOOST=<folder of boost/> -DJSON=<folder of nlohmann/> -DCATCH=<folder of catch2/>
#         -DCOMPONENTS=<those that can be had, with commas between>
#         -DCATCH_MODULES=<folder of Catch.cmake> -DPKG_CONFIG=<pkg-config> -DCONAN=<conan>
#         -P run.cmake
cmake_minimum_required(VERSION 3.24)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(configure source)
  run(${CMAKE_COMMAND} -S ${source} -B ${WORK}/build -G ${GENERATOR}
      -DCMAKE_CXX_COMPILER=${COMPILER} ${ARGN})
endfunction()

function(expect_output)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output COMMAND_ERROR_IS_FATAL ANY)
  if(NOT output MATCHES "^cano [0-9.]+: Done\n$")
    message(FATAL_ERROR "The program printed: ${output}")
  endif()
endfunction()

function(build_and_run consumer)
  configure(${SOURCE}/tests/package/${consumer} ${ARGN})
  run(${CMAKE_COMMAND} --build ${WORK}/build)
  expect_output(${WORK}/build/app)
endfunction()

# A project that asks for components is not configured, and the text says why.
function(expect_refusal text)
  file(REMOVE_RECURSE ${WORK}/build)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${SOURCE}/tests/package/components -B ${WORK}/build -G ${GENERATOR}
            -DCMAKE_CXX_COMPILER=${COMPILER} ${ARGN}
    RESULT_VARIABLE failed OUTPUT_QUIET ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  if(NOT failed OR NOT output MATCHES "${text}")
    message(FATAL_ERROR "This must be refused with '${text}':\n${output}")
  endif()
endfunction()

# Installs cano, then moves it: nothing in it may know where it was, and no header may be missing.
function(install_cano)
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/installed)
  file(RENAME ${WORK}/installed ${WORK}/moved)
  file(GLOB_RECURSE headers RELATIVE ${SOURCE}/include ${SOURCE}/include/*)
  foreach(header IN LISTS headers)
    if(NOT EXISTS ${WORK}/moved/include/${header})
      message(FATAL_ERROR "${header} was not installed")
    endif()
  endforeach()
endfunction()

# What a download would fetch, made of what is installed here.
function(make_mirror)
  file(MAKE_DIRECTORY ${WORK}/mirror/boost ${WORK}/mirror/json/include ${WORK}/mirror/catch2)
  file(CREATE_LINK ${BOOST}/boost ${WORK}/mirror/boost/boost SYMBOLIC)
  file(CREATE_LINK ${JSON}/nlohmann ${WORK}/mirror/json/include/nlohmann SYMBOLIC)
  file(CREATE_LINK ${CATCH_MODULES} ${WORK}/mirror/catch2/extras SYMBOLIC)
  file(
    WRITE ${WORK}/mirror/catch2/CMakeLists.txt
    "add_library(Catch2 INTERFACE)\nadd_library(Catch2::Catch2 ALIAS Catch2)\n"
    "target_include_directories(Catch2 SYSTEM INTERFACE ${CATCH})\n")
endfunction()
set(use_mirror
    -DCANO_FETCH_DEPENDENCIES=ON
    -DFETCHCONTENT_SOURCE_DIR_BOOST=${WORK}/mirror/boost
    -DFETCHCONTENT_SOURCE_DIR_NLOHMANN_JSON=${WORK}/mirror/json
    -DFETCHCONTENT_SOURCE_DIR_CATCH2=${WORK}/mirror/catch2)

# For a compiler that is called by hand; its own folder must not be named again.
list(TRANSFORM BOOST PREPEND "-isystem" OUTPUT_VARIABLE boost_flags)
list(TRANSFORM JSON PREPEND "-isystem" OUTPUT_VARIABLE json_flags)
set(system_flags ${boost_flags} ${json_flags})
list(REMOVE_ITEM system_flags -isystem/usr/include)

list(GET BOOST 0 BOOST)
list(GET JSON 0 JSON)
list(GET CATCH 0 CATCH)

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

if(WAY STREQUAL "find_package")
  install_cano()
  build_and_run(find_package -DCMAKE_PREFIX_PATH=${WORK}/moved)

elseif(WAY STREQUAL "components")
  install_cano()
  set(use_moved -DCMAKE_PREFIX_PATH=${WORK}/moved)
  if(COMPONENTS MATCHES "time_zones")
    build_and_run(time_zones ${use_moved})
    file(REMOVE_RECURSE ${WORK}/build)
  endif()
  build_and_run(components ${use_moved} -DCOMPONENTS=${COMPONENTS})
  file(REMOVE_RECURSE ${WORK}/build)
  build_and_run(components -DCANO_SOURCE=${SOURCE} -DCOMPONENTS=${COMPONENTS})
  expect_refusal("cano has no component queues, only prometheus, time_zones[.]" ${use_moved}
                 -DCOMPONENTS=queues)
  expect_refusal("cano's component prometheus needs prometheus-cpp [(]Debian: prometheus-cpp-dev, "
                 ${use_moved} -DCOMPONENTS=prometheus -DCMAKE_DISABLE_FIND_PACKAGE_prometheus-cpp=ON)
  expect_refusal("cano's component time_zones needs std::chrono with time zones [(]g[+][+] 14[)], or the \
date library [(]Debian: libhowardhinnant-date-dev, "
                 ${use_moved} -DCOMPONENTS=time_zones -DCMAKE_DISABLE_FIND_PACKAGE_date=ON
                 -DCANO_STD_HAS_TIME_ZONES=OFF)
  expect_refusal("cano has no component queues, only" -DCANO_SOURCE=${SOURCE} -DCOMPONENTS=queues)
  # What is optional may be missing.
  file(REMOVE_RECURSE ${WORK}/build)
  configure(${SOURCE}/tests/package/components ${use_moved} -DOPTIONAL=prometheus
            -DCMAKE_DISABLE_FIND_PACKAGE_prometheus-cpp=ON)

elseif(WAY STREQUAL "fetch_content")
  build_and_run(fetch_content -DFETCHCONTENT_SOURCE_DIR_CANO=${SOURCE})
  run(${CMAKE_COMMAND} --install ${WORK}/build --prefix ${WORK}/installed)
  if(EXISTS ${WORK}/installed)
    message(FATAL_ERROR "As a dependency cano must install nothing")
  endif()

elseif(WAY STREQUAL "plain_include")
  run(${COMPILER} -std=c++20 -I ${SOURCE}/include ${system_flags}
      ${SOURCE}/tests/package/main.cpp -pthread -o ${WORK}/app)
  expect_output(${WORK}/app)

elseif(WAY STREQUAL "pkg_config")
  install_cano()
  set(ENV{PKG_CONFIG_PATH} ${WORK}/moved/share/pkgconfig)
  execute_process(COMMAND ${PKG_CONFIG} --cflags --libs cano OUTPUT_VARIABLE flags
                  COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  run(${COMPILER} -std=c++20 ${SOURCE}/tests/package/main.cpp ${flags} ${system_flags}
      -o ${WORK}/app)
  expect_output(${WORK}/app)

elseif(WAY STREQUAL "conan")
  set(ENV{CONAN_HOME} ${WORK}/home)
  set(ENV{CXX} ${COMPILER})
  run(${CONAN} profile detect)
  # Conan writes scripts beside a recipe that it exports a package of.
  file(COPY ${SOURCE}/tests/package/conan/stand_in.py DESTINATION ${WORK})
  set(stand_in ${CONAN} export-pkg ${WORK}/stand_in.py -nr)
  run(${CMAKE_COMMAND} -E env CANO_TEST_HEADERS=${BOOST}/boost ${stand_in} --name boost
      --version 1.81.0)
  run(${CMAKE_COMMAND} -E env CANO_TEST_HEADERS=${JSON}/nlohmann ${stand_in} --name nlohmann_json
      --version 3.11.2)
  run(${CONAN} create ${SOURCE}/cmake/packaging/conan -nr -s compiler.cppstd=20)
  run(${CONAN} install --requires=cano/[>=0] -nr -s compiler.cppstd=20 -g CMakeDeps
      -g CMakeToolchain -of ${WORK}/deps)
  build_and_run(find_package -DCMAKE_BUILD_TYPE=Release
                -DCMAKE_TOOLCHAIN_FILE=${WORK}/deps/conan_toolchain.cmake)

elseif(WAY STREQUAL "fetched_dependencies")
  make_mirror()
  build_and_run(fetch_content -DFETCHCONTENT_SOURCE_DIR_CANO=${SOURCE} ${use_mirror})

elseif(WAY STREQUAL "fetched_test_dependencies")
  make_mirror()
  configure(${SOURCE} -DCMAKE_UNITY_BUILD=ON ${use_mirror})
  run(${CMAKE_COMMAND} --build ${WORK}/build --target cano_observe_tests)
  run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/build -R "^observe:" --no-tests=error)

elseif(WAY STREQUAL "old_boost_is_refused")
  file(WRITE ${WORK}/boost/BoostConfig.cmake "")
  file(WRITE ${WORK}/boost/BoostConfigVersion.cmake "set(PACKAGE_VERSION 1.74.0)\n")
  execute_process(
    COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build -G ${GENERATOR}
            -DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM} -DCMAKE_CXX_COMPILER=${COMPILER}
            -DBoost_ROOT=${WORK}/boost
            -DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF -DCMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH=OFF
    RESULT_VARIABLE failed ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  if(NOT failed OR NOT output MATCHES "cano needs Boost 1.81 or newer.*Found only 1.74.0")
    message(FATAL_ERROR "Boost 1.74 must be refused by name:\n${output}")
  endif()

else()
  message(FATAL_ERROR "Unknown WAY: ${WAY}")
endif()
