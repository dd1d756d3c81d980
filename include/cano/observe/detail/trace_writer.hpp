// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <ios>
#include <string>
#include <string_view>
#include <system_error>

#include <cano/error.hpp>
#include <cano/observe/detail/file_name.hpp>

namespace cano::detail {

/// A file that holds one JSON array, complete after every flush: the closing bracket is written
/// each time, and the next flush begins on top of it.
class TraceWriter {
 public:
  explicit TraceWriter(const FileName& file) : path_{file.text()}, file_{open()} {
    buffer_ = "[";
    flush();
  }

  /// Begins a file of the same name, where the old one has been moved away or removed. False: it is
  /// still there, and goes on.
  bool reopen() {
    flush();
    if (is_there()) return false;
    file_ = open();
    end_ = 0;
    empty_ = true;
    buffer_ = "[";
    return true;
  }

  /// An event, as JSON.
  void add(std::string_view event) {
    buffer_ += empty_ ? "\n" : ",\n";
    empty_ = false;
    buffer_ += event;
    if (buffer_.size() >= flush_size) flush();
  }

  void flush() {
    if (buffer_.empty()) return;
    const std::size_t size = buffer_.size();
    buffer_ += ending;
    file_.seekp(end_);
    file_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size())).flush();
    if (!file_) throw Error{Errc::Generic, "Cannot write to the trace file " + path_};
    end_ += static_cast<std::streamoff>(size);
    buffer_.clear();
  }

 private:
  std::ofstream open() const {
    std::ofstream file{path_, std::ios::binary | std::ios::trunc};
    if (!file) {
      throw Error{Errc::Configuration, "Cannot open the trace file " + path_ + ": " +
                                           std::generic_category().message(errno)};
    }
    return file;
  }

  // A program that moves a file away may leave an empty one in its place.
  bool is_there() const {
    std::ifstream found{path_, std::ios::binary | std::ios::ate};
    return found && found.tellg() > 0;
  }

  static constexpr std::size_t flush_size = std::size_t{64} * 1024;
  static constexpr std::string_view ending = "\n]\n";

  std::string path_;
  std::ofstream file_;
  std::streamoff end_ = 0;  // where the array's ending is
  std::string buffer_;
  bool empty_ = true;
};

}  // namespace cano::detail
