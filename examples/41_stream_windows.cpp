// SPDX-License-Identifier: MIT
// A file that need not fit into memory: read line by line, stored in windows of 500 days. A window
// that cannot be stored is read again from where the one before it ended.

#include <charconv>
#include <chrono>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <cano.hpp>
#include <cano/testing/virtual_time.hpp>

using namespace std::chrono_literals;

enum class State { Import, Report, Done };

struct Day {
  std::string date;
  double rain = 0;  // in millimetres
};

struct Archive {
  std::filesystem::path file{};
  int tries = 0;
  std::size_t days = 0;
  double rain = 0;
  std::vector<std::string> rejected{};
};

//! [source]
class Lines {
 public:
  Lines(const std::filesystem::path& path, std::size_t at)
      : file_{path, std::ios::binary}, at_{at} {
    if (!file_) throw cano::Error{cano::Errc::Preparation, "cannot read " + path.string()};
    file_.seekg(static_cast<std::streamoff>(at));
  }

  std::optional<std::string> next() {
    std::string line;
    if (!std::getline(file_, line)) return std::nullopt;
    at_ += line.size() + 1;
    return line;
  }

  std::size_t cursor() const { return at_; }  // kept with each window that is stored

 private:
  std::ifstream file_;
  std::size_t at_;
};
//! [source]

Day parse(const std::string& line) {
  const std::size_t comma = line.find(',');
  Day day{.date = line.substr(0, comma)};
  const std::string_view rest = std::string_view{line}.substr(day.date.size());
  if (rest.empty() ||
      std::from_chars(rest.data() + 1, rest.data() + rest.size(), day.rain).ec != std::errc{}) {
    throw std::invalid_argument{"it has no amount of rain"};
  }
  return day;
}

// A stub of a database that is busy now and then.
void store(Archive& archive, std::span<const Day> days) {
  if (++archive.tries == 2) throw std::runtime_error{"the database is locked"};
  for (const Day& day : days)
    archive.rain += day.rain;
  archive.days += days.size();
  std::cout << "Stored " << days.size() << " days up to " << days.back().date << '\n';
}

void reject(Archive& archive, const std::string& line, const std::exception_ptr&) {
  archive.rejected.push_back(line);
}

State report(const Archive& archive) {
  std::cout << archive.days << " days, " << static_cast<long>(archive.rain) << " mm of rain, in "
            << archive.tries << " tries; " << archive.rejected.size()
            << " line rejected: " << archive.rejected.front().substr(0, 18) << "...\n";
  return State::Done;
}

int main() {
  //! [stream]
  const auto open = [](const Archive& archive, std::optional<std::size_t> at) {
    return Lines{archive.file, at.value_or(0)};
  };
  const auto import = cano::stream(open, parse, store,
                                   {.window = {.count = 500, .within = 5s},
                                    .on_item_error = cano::ItemErrors::skip()})
                          .on_skipped(reject)
                          .at_end(State::Report);
  //! [stream]

  const auto workflow =
      cano::Workflow<State, Archive>{State::Import}
          .add(State::Import, import, cano::TaskConfig{}.with_fixed_retry(3, 100ms))
          .add(State::Report, report)
          .add_exit_state(State::Done);
  Archive archive{.file = CANO_EXAMPLES_DATA "/seattle-weather.csv"};
  cano::VirtualTime time;
  time.run(workflow.orchestrate(archive));
}
