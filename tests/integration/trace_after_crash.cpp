// SPDX-License-Identifier: MIT
// The trace of a process that dies in the middle of a task is still one that a viewer opens.
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cano/observe/trace_file.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/temp_file.hpp"
#include "support/trace_format.hpp"

namespace {

enum class Stage { Work, Done };

struct Job {
  int hops = 0;
  int signal = 0;  // by which the process dies at the end
};

// Runs on a copy of this process, which dies of the signal.
int how_it_died(const TempFile& file, int hops_of_the_last_run, int signal) {
  const pid_t child = fork();
  if (child == 0) {
    struct rlimit no_core{};
    setrlimit(RLIMIT_CORE, &no_core);
    const auto flow = cano::Workflow<Stage, Job>{Stage::Work}
                          .add(Stage::Work,
                               [](Job& data) {
                                 if (--data.hops > 0) return Stage::Work;
                                 if (data.signal != 0) {
                                   std::signal(data.signal, SIG_DFL);
                                   std::raise(data.signal);
                                 }
                                 return Stage::Done;
                               })
                          .add_exit_state(Stage::Done)
                          .with_observer(std::make_shared<cano::TraceFile>(file.path()));
    Job good{10, 0};
    cano::run(flow, good);
    good.hops = 10;
    cano::run(flow, good);
    Job bad{hops_of_the_last_run, signal};
    cano::run(flow, bad);
    std::_Exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

std::size_t ended_runs(const nlohmann::json& trace) {
  std::size_t count = 0;
  for (const auto& event : trace)
    count += event.contains("args") && event["args"].contains("final_state") ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("after an abort in a task the trace is valid and holds the runs that had ended") {
  const int signal = GENERATE(SIGABRT, SIGKILL, SIGSEGV);
  const TempFile file;
  REQUIRE(how_it_died(file, 5, signal) == signal);
  const auto trace = nlohmann::json::parse(file.read());
  const TraceCheck check{trace};
  CHECK(check.faults() == std::vector<std::string>{});
  CHECK(check.open() == 0);
  CHECK(ended_runs(trace) == 2);
}

TEST_CASE("after an abort in a long run the trace shows, open, what had been written of it") {
  const TempFile file;
  REQUIRE(how_it_died(file, 5000, SIGABRT) == SIGABRT);
  const auto trace = nlohmann::json::parse(file.read());
  const TraceCheck check{trace};
  CHECK(check.faults() == std::vector<std::string>{});
  CHECK(check.open() > 0);
  CHECK(ended_runs(trace) == 2);
  CHECK(trace.size() > 10'000);
}
