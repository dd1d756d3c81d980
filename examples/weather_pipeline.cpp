// SPDX-License-Identifier: MIT
//
// Daily weather in, a table by calendar month and a JSON report out:
//
//     weather_pipeline [input.csv [report.json]]
//     weather_pipeline --graph                     draws what follows, in Mermaid's language
//
//     Load --> Validate ------------> Process --> QualityCheck --+--> Enrich --+--> Report -->
//     Complete
//                 |                    ^   ^           |         |             |
//                 +-- invalid --> Sanitize +-- Retry <-+ poor    +--> Basic ---+
//                 |                                    |
//                 +-- critical --> Failed <------------+ no retries left
//
// It exits with 0 in state Complete; in state Failed with 1 and one line that says why.

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <cano.hpp>

namespace {

namespace chrono = std::chrono;
using cano::Next;
using cano::to;
using chrono::sys_days;
using chrono::year_month;
using chrono::year_month_day;
using Json = nlohmann::ordered_json;

enum class State {
  Load,
  Validate,
  Sanitize,
  Process,
  QualityCheck,
  Retry,
  Enrich,
  Basic,
  Report,
  Complete,
  Failed
};

// ---- the data

struct Day {
  sys_days date;
  double rain_mm, high_c, low_c;
};

struct Row {
  std::size_t line;
  cano::Result<Day> day;  // or what is wrong with the row
};

struct Summary {  // of a calendar month, or of all days
  int days = 0;
  double rain_mm = 0, sum_of_highs = 0, sum_of_lows = 0;
  std::optional<Day> hottest;  // the first of those that are equally hot

  void add(const Day& day) {
    ++days;
    rain_mm += day.rain_mm;
    sum_of_highs += day.high_c;
    sum_of_lows += day.low_c;
    if (!hottest || day.high_c > hottest->high_c) hottest = day;
  }
  double mean_high_c() const { return sum_of_highs / days; }
  double mean_low_c() const { return sum_of_lows / days; }
};

struct Climate {
  std::array<Summary, 12> months;
  Summary total;
  double coverage = 0;  // the share of the calendar's days that the file has, 0 to 1
};

struct Records {
  Day coldest, wettest;
  sys_days dry_from;
  int dry_days = 0;  // the longest time without rain
};

/// The store of the workflow: what one state leaves for the next.
struct WeatherJob {
  std::filesystem::path input, report;
  std::vector<std::string> lines;
  std::vector<Row> rows, broken;
  std::vector<Day> days;  // those that count, by date
  Climate climate;
  std::optional<Records> records;
  std::size_t retries = 0;
  double least_month = 0;  // months of which the file has a smaller share are left out
  std::string failure;     // one line
};

// ---- text

std::string iso(sys_days day) {
  const year_month_day date{day};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text;
}

/// What a file holds, safe to show: one line, printable and short.
std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string shown{text.substr(0, longest)};
  for (char& c : shown)
    if (c < ' ' || c > '~') c = '?';
  return '\'' + shown + (text.size() > longest ? "...'" : "'");
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const auto comma = line.find(',');
    fields.push_back(line.substr(0, comma));
    if (comma == line.npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

std::optional<int> parse_digits(std::string_view text) {
  int value = 0;
  if (text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::optional<sys_days> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_digits(text.substr(0, 4));
  const auto month = parse_digits(text.substr(5, 2));
  const auto day = parse_digits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const year_month_day date{chrono::year{*year}, chrono::month{static_cast<unsigned>(*month)},
                            chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return sys_days{date};
}

std::optional<double> parse_number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789.-") != text.npos) return std::nullopt;
  const std::string copy{text};
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size()) return std::nullopt;
  return value;
}

struct Column {
  const char* name;
  int least, most;
};

constexpr std::string_view header = "date,precipitation,temp_max,temp_min,wind,weather";
constexpr std::array columns{Column{"precipitation", 0, 2000}, Column{"temp_max", -90, 60},
                             Column{"temp_min", -90, 60}, Column{"wind", 0, 120}};

cano::Result<Day> parse_day(std::string_view line) {
  const auto broken = [](std::string why) {
    return cano::Error{cano::Errc::Preparation, std::move(why)};
  };
  const auto fields = split(line);
  if (fields.size() != columns.size() + 2) {
    return broken("it has " + std::to_string(fields.size()) + " fields, not 6");
  }
  const auto date = parse_date(fields.front());
  if (!date) return broken(in_quotes(fields.front()) + " is not a date");
  std::array<double, columns.size()> values{};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto& [name, least, most] = columns[i];
    const auto value = parse_number(fields[i + 1]);
    if (!value || *value < least || *value > most) {
      return broken(name + (" is " + in_quotes(fields[i + 1])) + ", not a number from " +
                    std::to_string(least) + " to " + std::to_string(most));
    }
    values[i] = *value;
  }
  const auto [rain_mm, high_c, low_c, wind] = values;
  if (low_c > high_c) return broken("temp_min is above temp_max");
  if (fields.back().empty()) return broken("weather is empty");
  return Day{*date, rain_mm, high_c, low_c};
}

cano::Result<std::vector<std::string>> read_lines(const std::filesystem::path& path) {
  const auto failed = [&](const char* what) {
    const auto reason = std::generic_category().message(errno);
    return cano::Error{cano::Errc::Preparation, what + path.string() + ": " + reason};
  };
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  if (!file) return failed("Cannot open ");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
  }
  if (file.bad()) return failed("Cannot read ");
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (!lines.empty() && lines[0].starts_with(byte_order_mark)) lines[0].erase(0, 3);
  return lines;
}

// ---- arithmetic

/// Sums up the days, which are sorted, and removes those of months that the file has less of than
/// the share `least_month`.
Climate summarise(std::vector<Day>& days, double least_month) {
  const auto month_of = [](const Day& day) {
    const year_month_day date{day.date};
    return date.year() / date.month();
  };
  std::map<year_month, int> found;
  for (const Day& day : days)
    ++found[month_of(day)];

  const sys_days first = days.front().date, last = days.back().date;
  long long expected = 0;
  std::set<year_month> left_out;
  for (auto month = month_of(days.front()); month <= month_of(days.back());
       month += chrono::months{1}) {
    const sys_days from = std::max(first, sys_days{month / 1});
    const sys_days until = std::min(last, sys_days{month / chrono::last});
    const auto length = (until - from).count() + 1;
    const auto present = found.find(month);
    const int count = present == found.end() ? 0 : present->second;
    if (count < least_month * static_cast<double>(length)) {
      left_out.insert(month);
    } else {
      expected += length;
    }
  }
  std::erase_if(days, [&](const Day& day) { return left_out.contains(month_of(day)); });

  Climate climate;
  for (const Day& day : days) {
    const auto month = static_cast<unsigned>(month_of(day).month());
    climate.months[month - 1].add(day);
    climate.total.add(day);
  }
  if (expected > 0) climate.coverage = climate.total.days / static_cast<double>(expected);
  return climate;
}

Records records_of(std::span<const Day> days) {
  Records records{days.front(), days.front(), days.front().date};
  sys_days dry_from;
  int dry_days = 0;
  for (const Day& day : days) {
    if (day.low_c < records.coldest.low_c) records.coldest = day;
    if (day.rain_mm > records.wettest.rain_mm) records.wettest = day;
    const bool goes_on = dry_days > 0 && day.date == dry_from + chrono::days{dry_days};
    if (!goes_on) {
      dry_from = day.date;
      dry_days = 0;
    }
    dry_days = day.rain_mm > 0 ? 0 : dry_days + 1;
    if (dry_days > records.dry_days) {
      records.dry_days = dry_days;
      records.dry_from = dry_from;
    }
  }
  return records;
}

// ---- the states: Tasks and Nodes

/// Reads the file. It may lie on a share that is slow to appear, so this state is tried again.
struct Load {
  cano::TaskConfig config() const {
    return cano::TaskConfig{}.with_fixed_retry(2, chrono::milliseconds{2});
  }

  cano::Result<Next<State::Validate, State::Failed>> run(WeatherJob& job,
                                                         cano::TaskContext& context) const {
    auto lines = read_lines(job.input);
    if (lines) {
      job.lines = std::move(*lines);
      return to<State::Validate>;
    }
    const bool is_last = context.attempt() == context.max_attempts();
    if (!is_last) return lines.error();
    job.failure = lines.error().message();
    return to<State::Failed>;
  }
};

struct Checked {
  std::vector<Row> rows;
  std::size_t broken = 0;
  std::string critical;  // why nothing can be done with the file; empty when something can
};

/// Turns lines into days: all are fine, some are broken, or this is not that kind of file at all.
struct Validate {
  std::span<const std::string> prep(WeatherJob& job) const { return job.lines; }

  Checked exec(std::span<const std::string> lines) const {
    Checked checked;
    const auto is_blank = [](const std::string& line) { return line.empty(); };
    if (std::all_of(lines.begin(), lines.end(), is_blank)) {
      checked.critical = "the file is empty";
    } else if (lines[0] != header) {
      checked.critical =
          "the first line is " + in_quotes(lines[0]) + ", it must be " + in_quotes(header);
    } else {
      parse(lines, checked);
    }
    return checked;
  }

  Next<State::Process, State::Sanitize, State::Failed> post(WeatherJob& job,
                                                            Checked checked) const {
    job.rows = std::move(checked.rows);
    if (!checked.critical.empty()) {
      job.failure = job.input.string() + ": " + checked.critical;
      return to<State::Failed>;
    }
    if (checked.broken > 0) return to<State::Sanitize>;
    return to<State::Process>;
  }

 private:
  static void parse(std::span<const std::string> lines, Checked& checked) {
    std::set<sys_days> seen;
    for (std::size_t i = 1; i < lines.size(); ++i) {
      if (lines[i].empty()) continue;
      auto day = parse_day(lines[i]);
      if (day && !seen.insert(day->date).second) {
        day = cano::Error{cano::Errc::Preparation, iso(day->date) + " comes a second time"};
      }
      if (!day) ++checked.broken;
      checked.rows.push_back(Row{i + 1, std::move(day)});
    }
    if (checked.rows.empty()) {
      checked.critical = "there are no days below the header";
    } else if (checked.broken == checked.rows.size()) {
      const Row& row = checked.rows.front();
      checked.critical = "all rows are broken; line " + std::to_string(row.line) + ": " +
                         row.day.error().message();
    }
  }
};

/// Puts the broken rows aside, to be counted and named in the report.
struct Sanitize {
  Next<State::Process> run(WeatherJob& job) const {
    for (const Row& row : job.rows)
      if (!row.day) job.broken.push_back(row);
    std::erase_if(job.rows, [](const Row& row) { return !row.day; });
    return to<State::Process>;
  }
};

struct Batch {
  std::vector<Day> days;
  double least_month;
  Climate climate;
};

struct Process {
  Batch prep(WeatherJob& job) const {
    Batch batch{.days = {}, .least_month = job.least_month, .climate = {}};
    for (const Row& row : job.rows)
      batch.days.push_back(*row.day);
    return batch;
  }

  Batch exec(Batch batch) const {
    std::sort(batch.days.begin(), batch.days.end(),
              [](const Day& a, const Day& b) { return a.date < b.date; });
    batch.climate = summarise(batch.days, batch.least_month);
    return batch;
  }

  Next<State::QualityCheck> post(WeatherJob& job, Batch batch) const {
    job.days = std::move(batch.days);
    job.climate = batch.climate;
    return to<State::QualityCheck>;
  }
};

enum class Quality { High, Fair, Poor };

/// How much of the calendar the file covers decides what can be said about it.
struct QualityCheck {
  double prep(WeatherJob& job) const { return job.climate.coverage; }

  Quality exec(double coverage) const {
    if (coverage >= 0.99) return Quality::High;
    return coverage >= 0.8 ? Quality::Fair : Quality::Poor;
  }

  Next<State::Enrich, State::Basic, State::Retry, State::Failed> post(WeatherJob& job,
                                                                      Quality quality) const {
    if (quality == Quality::High) return to<State::Enrich>;
    if (quality == Quality::Fair) return to<State::Basic>;
    if (job.retries < 2) return to<State::Retry>;
    job.failure = job.input.string() + ": too many days are missing, in every month";
    return to<State::Failed>;
  }
};

/// Processes once more, without the months that are full of holes.
struct Retry {
  Next<State::Process> run(WeatherJob& job) const {
    job.least_month = ++job.retries == 1 ? 0.5 : 0.8;
    return to<State::Process>;
  }
};

/// Adds the records, which mean something only when hardly a day is missing.
struct Enrich {
  Next<State::Report> run(WeatherJob& job) const {
    job.records = records_of(job.days);
    return to<State::Report>;
  }
};

Json json_of(const Day& day, const char* what, double value) {
  return {{"date", iso(day.date)}, {what, value}};
}

Json json_of(const std::string& name, const Summary& summary) {
  const auto rounded = [](double value) { return std::round(value * 100) / 100; };
  Json json{{"name", name}, {"days", summary.days}, {"rain_mm", rounded(summary.rain_mm)}};
  if (summary.days > 0) {
    json["mean_high_c"] = rounded(summary.mean_high_c());
    json["mean_low_c"] = rounded(summary.mean_low_c());
    json["hottest"] = json_of(*summary.hottest, "high_c", summary.hottest->high_c);
  }
  return json;
}

constexpr std::array month_names{"January",   "February", "March",    "April",
                                 "May",       "June",     "July",     "August",
                                 "September", "October",  "November", "December"};

/// Writes the JSON report.
struct Report {
  Json prep(WeatherJob& job) const {
    Json json{{"input", job.input.filename().string()},
              {"first_day", iso(job.days.front().date)},
              {"last_day", iso(job.days.back().date)},
              {"coverage", std::round(job.climate.coverage * 10000) / 10000}};
    json["broken_rows"] = Json::array();
    for (const Row& row : job.broken) {
      json["broken_rows"].push_back({{"line", row.line}, {"why", row.day.error().message()}});
    }
    json["months"] = Json::array();
    for (std::size_t i = 0; i < month_names.size(); ++i) {
      json["months"].push_back(json_of(month_names[i], job.climate.months[i]));
    }
    json["total"] = json_of("Total", job.climate.total);
    if (job.records) {
      const auto& [coldest, wettest, dry_from, dry_days] = *job.records;
      json["records"] = {{"coldest", json_of(coldest, "low_c", coldest.low_c)},
                         {"wettest", json_of(wettest, "rain_mm", wettest.rain_mm)},
                         {"longest_dry", {{"from", iso(dry_from)}, {"days", dry_days}}}};
    }
    return json;
  }

  std::string exec(const Json& json) const {
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
  }

  Next<State::Complete, State::Failed> post(WeatherJob& job, const std::string& text) const {
    std::error_code ignored;
    if (std::filesystem::equivalent(job.input, job.report, ignored)) {
      job.failure = "The report would overwrite its input " + job.input.string();
      return to<State::Failed>;
    }
    errno = 0;
    std::ofstream file{job.report, std::ios::binary};
    file << text << std::flush;
    if (!file) {
      job.failure =
          "Cannot write " + job.report.string() + ": " + std::generic_category().message(errno);
      return to<State::Failed>;
    }
    return to<State::Complete>;
  }
};

// ---- what a person reads

void print(const std::string& name, const Summary& summary) {
  if (summary.days == 0) {
    std::printf("%-10s %5d %9s %10s %9s   %s\n", name.c_str(), 0, "-", "-", "-", "-");
    return;
  }
  std::printf("%-10s %5d %9.1f %10.1f %9.1f   %s  %.1f C\n", name.c_str(), summary.days,
              summary.rain_mm, summary.mean_high_c(), summary.mean_low_c(),
              iso(summary.hottest->date).c_str(), summary.hottest->high_c);
}

void print(const WeatherJob& job) {
  std::printf("%s: %d day%s from %s to %s, by calendar month\n\n",
              job.input.filename().string().c_str(), job.climate.total.days,
              job.climate.total.days == 1 ? "" : "s", iso(job.days.front().date).c_str(),
              iso(job.days.back().date).c_str());
  std::printf("Month       Days   Rain mm  Mean high  Mean low   Hottest day\n");
  for (std::size_t i = 0; i < month_names.size(); ++i)
    print(month_names[i], job.climate.months[i]);
  print("Total", job.climate.total);

  if (job.records) {
    const auto& [coldest, wettest, dry_from, dry_days] = *job.records;
    std::printf("\nColdest night  %s  %.1f C\n", iso(coldest.date).c_str(), coldest.low_c);
    std::printf("Wettest day    %s  %.1f mm\n", iso(wettest.date).c_str(), wettest.rain_mm);
    std::printf("Longest dry    %s  %d days\n", iso(dry_from).c_str(), dry_days);
  } else {
    std::printf("\nNo records: the file has %.1f %% of the days, they need 99 %%.\n",
                job.climate.coverage * 100);
  }
  if (!job.broken.empty()) {
    const Row& row = job.broken.front();
    std::printf("\nBroken rows left out: %zu; the first is line %zu: %s\n", job.broken.size(),
                row.line, row.day.error().message().c_str());
  }
  std::printf("\nReport: %s\n", job.report.string().c_str());
}

// ---- the workflow

cano::Workflow<State, WeatherJob> make_workflow() {
  return cano::Workflow<State, WeatherJob>{State::Load}
      .add(State::Load, Load{})
      .add(State::Validate, Validate{})
      .add(State::Sanitize, Sanitize{})
      .add(State::Process, Process{})
      .add(State::QualityCheck, QualityCheck{})
      .add(State::Retry, Retry{})
      .add(State::Enrich, Enrich{})
      .add(State::Basic, [](WeatherJob&) -> Next<State::Report> { return to<State::Report>; })
      .add(State::Report, Report{})
      .add_exit_states({State::Complete, State::Failed});
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc > 3) {
    std::fprintf(stderr, "usage: weather_pipeline [input.csv [report.json]] | --graph\n");
    return 2;
  }
  const auto workflow = make_workflow();
  if (argc == 2 && std::string_view{argv[1]} == "--graph") {
    std::printf("%s", cano::to_mermaid(workflow.graph()).c_str());
    return 0;
  }
  // Every task declares its targets, so a state that was forgotten shows before anything runs.
  const auto problems = workflow.validate();
  for (const auto& problem : problems)
    std::fprintf(stderr, "weather_pipeline: %s\n", problem.message.c_str());
  if (!problems.empty()) return 2;

  WeatherJob job;
  job.input = argc > 1 ? argv[1] : CANO_EXAMPLES_DATA "/seattle-weather.csv";
  job.report = argc > 2 ? argv[2] : "weather_report.json";
  if (cano::run(workflow, job) == State::Failed) {
    std::fprintf(stderr, "weather_pipeline: %s\n", job.failure.c_str());
    return 1;
  }
  print(job);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "weather_pipeline: %s\n", error.what());
  return 1;
}
