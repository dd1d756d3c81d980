// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <prometheus/text_serializer.h>

#include <cano/adapters/prometheus.hpp>
#include <cano/detail/text.hpp>

#include "support/catch.hpp"
#include "support/event_script.hpp"
#include "support/exposition.hpp"
#include "support/temp_file.hpp"

using cano::Outcome;
using cano::PrometheusObserver;
using cano::Span;
using namespace std::chrono_literals;

namespace {

std::string text_of(const prometheus::Registry& registry) {
  return prometheus::TextSerializer{}.Serialize(registry.Collect());
}

// Whether the text has this line.
bool has(const std::string& text, const std::string& line) {
  return ('\n' + text).find('\n' + line + '\n') != std::string::npos;
}

void play_run(PrometheusObserver& observer, const Span* span) {
  EventScript run{observer, "run-id-17", span};
  run.started("Fetch");
  run.entered("Fetch");
  run.attempt(2);
  run.wait(2ms);
  run.failed("slow", true, true);
  run.paused(100ms);
  run.attempt(2);
  run.wait(30ms);
  run.succeeded("Done");
  run.finished(Outcome::Success, "Done");
}

}  // namespace

TEST_CASE("runs, states, attempts, retries and timeouts are counted and timed") {
  prometheus::Registry registry;
  PrometheusObserver observer{registry};
  const Span span{"orders"};
  play_run(observer, &span);
  const std::string text = text_of(registry);
  CHECK(has(text, R"(cano_runs_total{outcome="success",workflow="orders"} 1)"));
  CHECK(has(text, R"(cano_runs_running{workflow="orders"} 0)"));
  CHECK(has(text, R"(cano_run_duration_seconds_sum{outcome="success",workflow="orders"} 0.132)"));
  CHECK(has(text,
            R"(cano_run_duration_seconds_bucket{outcome="success",workflow="orders",le="0.1"} 0)"));
  CHECK(has(text,
            R"(cano_run_duration_seconds_bucket{outcome="success",workflow="orders",le="0.5"} 1)"));
  CHECK(has(text, R"(cano_state_visits_total{state="Fetch",workflow="orders"} 1)"));
  CHECK(has(text, R"(cano_state_duration_seconds_count{state="Fetch",workflow="orders"} 1)"));
  CHECK(has(text, R"(cano_state_duration_seconds_sum{state="Fetch",workflow="orders"} 0.132)"));
  CHECK(has(text, R"(cano_attempts_total{outcome="failed",state="Fetch",workflow="orders"} 1)"));
  CHECK(has(text, R"(cano_attempts_total{outcome="success",state="Fetch",workflow="orders"} 1)"));
  CHECK(has(text, R"(cano_attempt_duration_seconds_count{state="Fetch",workflow="orders"} 2)"));
  CHECK(has(text, R"(cano_retries_total{state="Fetch",workflow="orders"} 1)"));
  CHECK(has(text, R"(cano_timeouts_total{state="Fetch",workflow="orders"} 1)"));
  CHECK(text.find("run-id-17") == std::string::npos);
  CHECK(text.find("cano_cancellations_total{") == std::string::npos);
}

TEST_CASE("a state that was given up is timed, too") {
  prometheus::Registry registry;
  PrometheusObserver observer{registry};
  EventScript run{observer, "r"};
  run.entered("Fetch");
  run.attempt();
  run.wait(250ms);
  run.failed("broken");
  CHECK(
      has(text_of(registry), R"(cano_state_duration_seconds_sum{state="Fetch",workflow=""} 0.25)"));
}

TEST_CASE("attempts of an undo are counted apart from the work") {
  prometheus::Registry registry;
  PrometheusObserver observer{registry};
  EventScript run{observer, "r"};
  run.started("Fetch");
  run.undoes();
  run.entered("Fetch");
  run.attempt(2);
  run.failed("broken", true, true);
  run.paused(100ms);
  run.attempt(2);
  run.succeeded("");
  const std::string text = text_of(registry);
  CHECK(has(text, R"(cano_undo_attempts_total{outcome="failed",state="Fetch",workflow=""} 1)"));
  CHECK(has(text, R"(cano_undo_attempts_total{outcome="success",state="Fetch",workflow=""} 1)"));
  for (const char* const of_work : {"cano_attempts_total{", "cano_state_visits_total{",
                                    "cano_retries_total{", "cano_timeouts_total{"})
    CHECK(text.find(of_work) == std::string::npos);
}

TEST_CASE("runs under way and other outcomes; without a span the workflow has no name") {
  prometheus::Registry registry;
  PrometheusObserver observer{registry};
  EventScript first{observer, "1"};
  EventScript second{observer, "2"};
  first.started("A");
  second.started("A");
  CHECK(has(text_of(registry), R"(cano_runs_running{workflow=""} 2)"));
  first.finished(Outcome::Cancelled, "A", "stopped");
  second.finished(Outcome::Failed, "A", "broken");
  const std::string text = text_of(registry);
  CHECK(has(text, R"(cano_runs_running{workflow=""} 0)"));
  CHECK(has(text, R"(cano_runs_total{outcome="cancelled",workflow=""} 1)"));
  CHECK(has(text, R"(cano_cancellations_total{state="A",workflow=""} 1)"));
  CHECK(text.find("cano_batch_instances_running{") == std::string::npos);
  CHECK(has(text, R"(cano_runs_total{outcome="failed",workflow=""} 1)"));
}

TEST_CASE("branches are counted by name and outcome, items as one") {
  prometheus::Registry registry;
  PrometheusObserver observer{registry};
  const Span span{"orders"};
  const cano::RunInfo run{.run_id = "r", .span = &span};
  const auto ended = [&](std::string_view branch, std::size_t index, bool is_item,
                         Outcome outcome) {
    observer.on_branch_finished(
        {run, "Check", 1, branch, index, is_item, outcome, "", 1, 5ms, cano::steady_time{}});
  };
  ended("fraud", 0, false, Outcome::Success);
  ended("fraud", 0, false, Outcome::Failed);
  ended("fraud", 0, false, Outcome::Failed);
  ended("item 0", 0, true, Outcome::Cancelled);
  ended("item 7", 7, true, Outcome::Cancelled);
  const std::string text = text_of(registry);
  const auto line = [](const char* branch, const char* outcome, int count) {
    return "cano_branches_total{branch=\"" + std::string{branch} + "\",outcome=\"" + outcome +
           "\",state=\"Check\",workflow=\"orders\"} " + std::to_string(count);
  };
  CHECK(has(text, line("fraud", "success", 1)));
  CHECK(has(text, line("fraud", "failed", 2)));
  CHECK(has(text, line("item", "cancelled", 2)));
}

TEST_CASE("batches are counted by the outcome of their instances") {
  prometheus::Registry registry;
  PrometheusObserver observer{registry};
  const Span span{"orders"};
  EventScript run{observer, "b", &span};
  observer.on_batch_started({run.info(), 10, "wait_forever", {}});
  CHECK(has(text_of(registry), R"(cano_batches_running{workflow="orders"} 1)"));
  EventScript instance{observer, "b", 3, &span};
  instance.started("A");
  CHECK(has(text_of(registry), R"(cano_batch_instances_running{workflow="orders"} 1)"));
  instance.finished(Outcome::Success, "Done");
  CHECK(has(text_of(registry), R"(cano_batch_instances_running{workflow="orders"} 0)"));
  observer.on_batch_finished({run.info(), 10, 7, 2, 1, 1500ms, {}});
  const std::string text = text_of(registry);
  CHECK(has(text, R"(cano_batches_running{workflow="orders"} 0)"));
  CHECK(has(text, R"(cano_batch_duration_seconds_sum{workflow="orders"} 1.5)"));
  CHECK(has(text, R"(cano_batch_instances_total{outcome="success",workflow="orders"} 7)"));
  CHECK(has(text, R"(cano_batch_instances_total{outcome="failed",workflow="orders"} 2)"));
  CHECK(has(text, R"(cano_batch_instances_total{outcome="cancelled",workflow="orders"} 1)"));
}

TEST_CASE("scheduled jobs are counted by outcome, with lateness and what was skipped") {
  prometheus::Registry registry;
  PrometheusObserver observer{registry};
  observer.on_occurrence_started({"backup", 1, std::nullopt, 250ms, {}});
  CHECK(has(text_of(registry), R"(cano_job_runs_running{job="backup"} 1)"));
  observer.on_occurrence_finished({"backup", 1, Outcome::Failed, "full", 2s, {}});
  observer.on_occurrence_skipped({"backup", std::nullopt, cano::SkipReason::Overlap, {}, 3});
  const std::string text = text_of(registry);
  CHECK(has(text, R"(cano_job_runs_running{job="backup"} 0)"));
  CHECK(has(text, R"(cano_job_runs_total{job="backup",outcome="failed"} 1)"));
  CHECK(has(text, R"(cano_job_lateness_seconds_sum{job="backup"} 0.25)"));
  CHECK(has(text, R"(cano_job_duration_seconds_sum{job="backup"} 2)"));
  CHECK(has(text, R"(cano_job_skips_total{job="backup",reason="overlap"} 3)"));
}

TEST_CASE("past the limit new label values are counted as other") {
  prometheus::Registry registry;
  cano::PrometheusOptions options;
  options.max_series = 2;
  PrometheusObserver observer{registry, options};
  EventScript run{observer, "r"};
  for (const char* state : {"A", "B", "C", "D", "A"})
    run.entered(state);
  const std::string text = text_of(registry);
  CHECK(has(text, R"(cano_state_visits_total{state="A",workflow=""} 2)"));
  CHECK(has(text, R"(cano_state_visits_total{state="B",workflow=""} 1)"));
  CHECK(has(text, R"(cano_state_visits_total{state="other",workflow="other"} 2)"));
  CHECK(text.find("\"C\"") == std::string::npos);
}

TEST_CASE("past the limit outcomes are still told apart") {
  prometheus::Registry registry;
  cano::PrometheusOptions options;
  options.max_series = 1;
  PrometheusObserver observer{registry, options};
  for (const char* state : {"A", "B", "C"}) {
    EventScript run{observer, "r"};
    run.entered(state);
    run.attempt();
    run.succeeded("Done");
    run.attempt();
    run.failed("x");
  }
  const std::string text = text_of(registry);
  CHECK(has(text, R"(cano_attempts_total{outcome="success",state="A",workflow=""} 1)"));
  CHECK(has(text, R"(cano_attempts_total{outcome="success",state="other",workflow="other"} 2)"));
  CHECK(has(text, R"(cano_attempts_total{outcome="failed",state="other",workflow="other"} 3)"));
}

TEST_CASE("past the limit reasons are still told apart") {
  prometheus::Registry registry;
  cano::PrometheusOptions options;
  options.max_series = 1;
  PrometheusObserver observer{registry, options};
  for (const char* job : {"A", "B", "C"}) {
    observer.on_occurrence_skipped({job, {}, cano::SkipReason::Paused, {}});
    observer.on_occurrence_skipped({job, {}, cano::SkipReason::Misfire, {}});
  }
  const std::string text = text_of(registry);
  CHECK(has(text, R"(cano_job_skips_total{job="A",reason="paused"} 1)"));
  CHECK(has(text, R"(cano_job_skips_total{job="other",reason="paused"} 2)"));
  CHECK(has(text, R"(cano_job_skips_total{job="other",reason="misfire"} 3)"));
}

TEST_CASE("promtool accepts it all, also malformed names") {
  prometheus::Registry registry;
  PrometheusObserver observer{registry};
  const Span span{malformed_text};
  play_run(observer, &span);
  EventScript run{observer, malformed_text, &span};
  run.entered(malformed_text);
  observer.on_batch_started({run.info(), 1, "wait_forever", {}});
  observer.on_batch_finished({run.info(), 1, 1, 0, 0, 1s, {}});
  observer.on_occurrence_started({malformed_text, 1, std::nullopt, 0s, {}});
  observer.on_occurrence_finished({malformed_text, 1, Outcome::Success, "", 0s, {}});
  observer.on_occurrence_skipped({malformed_text, std::nullopt, cano::SkipReason::Paused, {}});
  const std::string text = text_of(registry);
  CHECK(text.find("workflow=\"a\\\"b\\\\c\\nINFO forged") != std::string::npos);
  CHECK(text.find('\xff') == std::string::npos);

  if (std::system("promtool --version > /dev/null 2>&1") != 0) {
    WARN("promtool (Debian package prometheus) is not installed: the format is not checked");
    return;
  }
  const TempFile file;
  file.write(text);
  CHECK(std::system(("promtool check metrics < '" + file.path().string() + "'").c_str()) == 0);
}

TEST_CASE("several observers of one registry, and threads, add up") {
  prometheus::Registry registry;
  PrometheusObserver first{registry};
  PrometheusObserver second{registry};
  std::vector<std::thread> threads;
  for (PrometheusObserver* observer : {&first, &first, &second, &second}) {
    threads.emplace_back([observer] {
      for (int i = 0; i < 100; ++i)
        play_run(*observer, nullptr);
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(has(text_of(registry), R"(cano_runs_total{outcome="success",workflow=""} 400)"));
}

TEST_CASE("a registry that holds a name as another kind of metric is refused") {
  prometheus::Registry registry;
  prometheus::BuildGauge().Name("cano_runs_total").Help("mine").Register(registry);
  CHECK_THROWS_AS(PrometheusObserver{registry}, std::invalid_argument);
}

TEST_CASE("an attempt that was cancelled is no failed one") {
  prometheus::Registry registry;
  PrometheusObserver observer{registry};
  EventScript run{observer, "r"};
  run.started("A");
  run.entered("A");
  run.attempt();
  run.wait(250ms);
  run.cancelled();
  run.finished(Outcome::Cancelled, "A", "stopped");
  const std::string text = text_of(registry);
  CHECK(has(text, R"(cano_attempts_total{outcome="cancelled",state="A",workflow=""} 1)"));
  CHECK(has(text, R"(cano_attempt_duration_seconds_sum{state="A",workflow=""} 0.25)"));
  CHECK(has(text, R"(cano_state_duration_seconds_sum{state="A",workflow=""} 0.25)"));
  CHECK(text.find(R"(outcome="failed")") == std::string::npos);
  CHECK(text.find("cano_retries_total{") == std::string::npos);
}

TEST_CASE("any names are written so that a parser reads them") {
  std::mt19937 random{20240607};
  const std::vector<std::string> pieces{"a",
                                        "\"",
                                        "\\",
                                        "\n",
                                        "{",
                                        "}",
                                        "=",
                                        ",",
                                        "\xFF",
                                        "\xC3",
                                        "\r",
                                        "#",
                                        "\xC3\xA4",
                                        " ",
                                        "\xE2\x80\xA8",
                                        "\\n",
                                        std::string(1, '\0')};
  const auto name = [&] {
    std::string text;
    for (std::size_t i = random() % 6; i > 0; --i)
      text += pieces[random() % pieces.size()];
    return text;
  };
  prometheus::Registry registry;
  PrometheusObserver observer{registry};
  std::map<std::string, double> visits;  // by the name as it is to be read
  for (int i = 0; i < 300; ++i) {
    const std::string state = name();
    const Span span{"orders"};
    EventScript run{observer, "r", &span};
    run.hop(state, 1ms, "Done");
    ++visits[cano::detail::valid_utf8(state)];
    observer.on_occurrence_skipped({name(), {}, cano::SkipReason::Overlap, {}});
  }
  const std::string text = text_of(registry);
  CHECK(cano::detail::is_utf8(text));
  const Exposition read{text};
  std::map<std::string, double> found;
  for (const auto& [labels, value] : read.samples.at("cano_state_visits_total"))
    found[labels.at("state")] += value;
  CHECK(found == visits);
}
