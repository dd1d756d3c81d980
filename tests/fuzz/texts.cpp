// SPDX-License-Identifier: MIT
//
// Whatever names, keys, ids and messages hold, what the library makes of them can be read: errors
// and log lines are one line of UTF-8, JSON, traces and Mermaid charts are that, and say the same.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <cano/error.hpp>
#include <cano/observe/log_observer.hpp>
#include <cano/observe/trace_file.hpp>
#include <cano/store/memory_store.hpp>
#include <cano/workflow/graph_format.hpp>

#include "support/event_script.hpp"
#include "support/fuzz.hpp"
#include "support/mermaid.hpp"
#include "support/trace_format.hpp"

namespace {

using nlohmann::json;

// Not by the library's own code: nlohmann_json refuses to write what is not UTF-8.
bool is_utf8(const std::string& text) {
  try {
    static_cast<void>(json(text).dump());
    return true;
  } catch (const json::exception&) {
    return false;
  }
}
bool is_one_line(const std::string& text) {
  for (const char each : text) {
    const auto c = static_cast<unsigned char>(each);
    if (c < 0x20 || c == 0x7F) return false;
  }
  for (const char* end : {"\xE2\x80\xA8", "\xE2\x80\xA9", "\xC2\x85"})
    if (text.find(end) != std::string::npos) return false;
  return is_utf8(text);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream{text};
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

// The input, cut into texts at each '|'. There is always at least one.
std::vector<std::string> texts_of(std::string_view input) {
  std::vector<std::string> texts;
  for (;;) {
    const std::size_t end = input.find('|');
    texts.emplace_back(input.substr(0, end));
    if (end == std::string_view::npos || texts.size() == 6) return texts;
    input.remove_prefix(end + 1);
  }
}

void check_errors(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    const cano::Error error{cano::Errc::Store, "Key '" + text + "' is bad"};
    fuzz::require(is_one_line(error.what()), "an error is one line of UTF-8");
    fuzz::require(is_one_line(error.message()), "a message is one line of UTF-8");
    try {
      cano::MemoryStore{}.get<int>(text);
      fuzz::require(false, "there is no such key");
    } catch (const cano::Error& missing) {
      fuzz::require(is_one_line(missing.what()), "an error of a store is one line of UTF-8");
    }
  }
}

void check_store(const std::vector<std::string>& texts) {
  cano::MemoryStore store;
  for (const std::string& text : texts) {
    store.put(text, text);
    store.put(text + "/map", std::map<std::string, std::string>{{text, text}, {text + '\xFF', ""}});
    store.put(text + "/json", json{{text, {text}}, {"\xFE" + text, 1}});
  }
  const json written = json::parse(store.to_json().dump());
  fuzz::require(written.size() == store.size(), "no key of a store hides another one");
}

cano::Graph graph_of(const std::vector<std::string>& texts) {
  cano::Graph graph;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    cano::Graph::Node node;
    node.name = texts[i];
    node.has_task = i % 3 != 2;
    node.is_exit = i % 3 == 2;
    node.max_attempts = node.has_task ? i + 1 : 0;
    if (node.has_task && i % 2 != 0) {
      node.join = "all";
      for (const std::string& part : texts)
        node.parts.push_back({.name = part, .max_attempts = i});
    }
    graph.nodes.push_back(node);
    if (i > 0) graph.edges.push_back({i - 1, i});
  }
  graph.nodes[0].is_start = true;
  return graph;
}

void check_graphs(const std::vector<std::string>& texts) {
  const cano::Graph graph = graph_of(texts);
  const std::string text = cano::to_mermaid(graph);
  fuzz::require(is_utf8(text), "a Mermaid chart is UTF-8");
  const Mermaid chart = Mermaid::parse(text);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string name = cano::detail::one_line(texts[i]);
    const auto& label = chart.nodes.at("s" + std::to_string(i)).label;
    const bool is_empty = name.empty() && label.size() == 1;
    fuzz::require(label.at(0) == (is_empty ? " " : name), "Mermaid shows a name as it is");
  }
  const std::string dot = cano::to_dot(graph);
  fuzz::require(is_utf8(dot), "a DOT graph is UTF-8");
  for (const std::string& line : lines_of(dot))
    fuzz::require(is_one_line(line), "a line of DOT has no line ends");
  const json read = json::parse(cano::to_json(graph).dump());
  fuzz::require(read["nodes"].size() == graph.nodes.size(), "JSON has all states");
}

// Plays a run, a batch and a job to the observer; returns how many events there were.
std::size_t play(cano::Observer& observer, const std::vector<std::string>& texts) {
  const auto text = [&](std::size_t i) -> const std::string& { return texts[i % texts.size()]; };
  const cano::Span span = cano::Span{text(1)}.with(text(2), text(3)).with(text(2), 0.5);
  EventScript run{observer, text(0), &span};
  run.started(text(1));
  run.entered(text(1));
  run.attempt(2);
  run.phase(cano::Phase::Prep, std::chrono::milliseconds{1}, true);
  run.log(cano::Level::Warn, text(4), {{text(0), text(1)}, {text(2), true}});
  run.failed(text(3), true);
  run.paused(std::chrono::milliseconds{5});
  run.attempt(2);
  run.cancelled();
  run.finished(cano::Outcome::Cancelled, text(1), text(5));
  cano::OccurrenceQueued queued{text(2), {}, {}};
  queued.steady_at = run.now();
  observer.on_occurrence_queued(queued);
  cano::OccurrenceStarted job{text(2), 1, {}, {}, {}};
  job.run_id = text(3);
  job.steady_at = run.now();
  observer.on_occurrence_started(job);
  cano::OccurrenceFinished end{text(2), 1, cano::Outcome::Failed, text(4), {}, {}};
  end.steady_at = run.now();
  observer.on_occurrence_finished(end);
  return 14;
}

void check_logs(const std::vector<std::string>& texts) {
  for (const cano::LogFormat format : {cano::LogFormat::Text, cano::LogFormat::Json}) {
    std::ostringstream out;
    cano::LogOptions options;
    options.filter = cano::LogFilter{cano::Level::Trace};
    options.format = format;
    cano::LogObserver log{out, options};
    const std::size_t events = play(log, texts);
    const auto lines = lines_of(out.str());
    fuzz::require(lines.size() == events, "an event is a line");
    for (const std::string& line : lines) {
      fuzz::require(is_one_line(line), "a log line is one line of UTF-8");
      if (format == cano::LogFormat::Json) {
        fuzz::require(json::parse(line).is_object(), "a JSON log line is an object");
      }
    }
  }
}

std::filesystem::path trace_path() {
  static const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                            ("cano_fuzz_" + std::to_string(std::random_device{}()));
  return path;
}

void check_trace(const std::vector<std::string>& texts) {
  {
    cano::TraceFile trace{trace_path()};
    play(trace, texts);
  }
  std::ifstream file{trace_path(), std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  std::filesystem::remove(trace_path());
  const TraceCheck check{json::parse(text)};
  fuzz::require(check.faults().empty(), "a viewer reads the trace");
  fuzz::require(check.open() == 0, "every slice of the trace ends");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto texts = texts_of({reinterpret_cast<const char*>(data), size});
  check_errors(texts);
  check_store(texts);
  check_graphs(texts);
  check_logs(texts);
  if (size % 16 == 0) check_trace(texts);  // it writes a file
  return 0;
}
