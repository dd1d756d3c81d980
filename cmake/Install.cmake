# SPDX-License-Identifier: MIT
# `cmake --install`: the headers, a CMake package and a pkg-config file. Everything is text and the
# same on every architecture, hence share/; every path is relative, so the prefix may be moved.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/cano)

install(
  TARGETS cano
  EXPORT cano-targets
  FILE_SET HEADERS
  FILE_SET adapters)
install(
  EXPORT cano-targets
  NAMESPACE cano::
  DESTINATION ${package_dir})

configure_package_config_file(cmake/cano-config.cmake.in cano-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(
  cano-config-version.cmake
  COMPATIBILITY SameMinorVersion
  ARCH_INDEPENDENT)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/cano-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/cano-config-version.cmake DESTINATION ${package_dir})
install(FILES cmake/Components.cmake DESTINATION ${package_dir} RENAME cano-components.cmake)

configure_file(cmake/cano.pc.in cano.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/cano.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/cano)
