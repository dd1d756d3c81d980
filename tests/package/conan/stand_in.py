# SPDX-License-Identifier: MIT
"""A package of headers that are elsewhere, in the place of what Conan would download."""

import os

from conan import ConanFile


class StandIn(ConanFile):
    package_type = "header-library"
    options = {"header_only": [True, False]}
    default_options = {"header_only": True}

    def package(self):
        folder = os.environ["CANO_TEST_HEADERS"]
        include = os.path.join(self.package_folder, "include")
        os.makedirs(include)
        os.symlink(folder, os.path.join(include, os.path.basename(folder)))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "Boost" if self.name == "boost" else self.name)
        info = self.cpp_info.components["headers"] if self.name == "boost" else self.cpp_info
        target = "Boost::headers" if self.name == "boost" else "nlohmann_json::nlohmann_json"
        info.set_property("cmake_target_name", target)
        info.bindirs = info.libdirs = []
