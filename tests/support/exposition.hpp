// SPDX-License-Identifier: MIT
#pragma once

// A strict parser of Prometheus' text format, as far as we write it.

#include <cctype>
#include <cstdlib>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

/// The samples of a text: name, labels with their values decoded, value.
class Exposition {
 public:
  using Labels = std::map<std::string, std::string>;
  std::map<std::string, std::map<Labels, double>> samples;

  /// Throws std::runtime_error for what is not the format, or is there twice.
  explicit Exposition(const std::string& text) {
    if (!text.empty() && text.back() != '\n') throw std::runtime_error{"no end of the last line"};
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
      rest_ = line;
      if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) {
        rest_.remove_prefix(7);
        name();
        take(' ');
      } else {
        sample();
      }
    }
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw std::runtime_error{std::string{what} + ": " + std::string{rest_}};
  }
  void take(char expected) {
    if (rest_.empty() || rest_.front() != expected) fail("something else was expected");
    rest_.remove_prefix(1);
  }
  std::string name() {
    std::string out;
    while (!rest_.empty() &&
           (std::isalnum(static_cast<unsigned char>(rest_.front())) != 0 || rest_.front() == '_')) {
      out += rest_.front();
      rest_.remove_prefix(1);
    }
    if (out.empty() || std::isdigit(static_cast<unsigned char>(out.front())) != 0) fail("no name");
    return out;
  }
  std::string value() {
    std::string out;
    take('"');
    while (!rest_.empty() && rest_.front() != '"') {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '\\') {
        if (rest_.empty()) fail("a text ends in an escape");
        c = rest_.front() == 'n' ? '\n' : rest_.front();
        if (c != '\n' && c != '\\' && c != '"') fail("an unknown escape");
        rest_.remove_prefix(1);
      }
      out += c;
    }
    take('"');
    return out;
  }
  void sample() {
    const std::string metric = name();
    Labels labels;
    if (!rest_.empty() && rest_.front() == '{') {
      take('{');
      while (!rest_.empty() && rest_.front() != '}') {
        if (!labels.empty()) take(',');
        const std::string label = name();
        take('=');
        if (!labels.emplace(label, value()).second) fail("a label twice");
      }
      take('}');
    }
    take(' ');
    const std::string number{rest_};
    char* end = nullptr;
    const double read = std::strtod(number.c_str(), &end);
    if (number.empty() || *end != '\0') fail("no number");
    if (!samples[metric].emplace(labels, read).second) fail("a series twice");
  }

  std::string_view rest_;
};
