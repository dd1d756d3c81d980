// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <system_error>

/// A name for a file that no other test has, also not one that runs at the same time; the file is
/// removed at the end.
class TempFile {
 public:
  TempFile() = default;
  ~TempFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

  std::string read() const {
    std::ifstream file{path_, std::ios::binary};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  void write(const std::string& text) const { std::ofstream{path_, std::ios::binary} << text; }

 private:
  static std::string unique_name() {
    std::random_device random;
    return "cano_test_" + std::to_string(random()) + std::to_string(random());
  }

  std::filesystem::path path_ = std::filesystem::temp_directory_path() / unique_name();
};
