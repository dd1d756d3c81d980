// SPDX-License-Identifier: MIT
// instructions <question> <hops>: does so many hops and nothing else, for a tool that counts
// instructions. The difference between two runs is the cost of the hops that one of them has more.
// Without arguments it names its compiler and its questions. See count_instructions.py.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/concurrent/wait_strategy.hpp>
#include <cano/duration.hpp>
#include <cano/error.hpp>
#include <cano/result.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/by_hand.hpp"
#include "support/countdown.hpp"

namespace {

using namespace std::chrono_literals;
using countdown::AsyncTask;
using countdown::AwaitableTask;
using countdown::Count;
using countdown::Step;

// Every attempt but the last of a visit fails.
struct FailingTask {
  cano::Result<Step> run(Count& count) const {
    if (--count.left > 0) return cano::Error{cano::Errc::TaskExecution, "again"};
    return Step::Done;
  }
};

template <class Task>
void run_flow(int hops, const cano::TaskConfig& config, cano::RunOptions options = {}) {
  Count count{hops};
  cano::run(countdown::workflow<Task>(config), count, std::move(options));
}

template <class Task> void run_minimal(int hops) {
  run_flow<Task>(hops, cano::TaskConfig::minimal());
}

void run_with_stop_token(int hops) {
  const std::stop_source source;
  run_flow<AsyncTask>(hops, cano::TaskConfig::minimal(),
                      cano::RunOptions{}.with_stop(source.get_token()));
}

void run_with_attempt_timeout(int hops) {
  run_flow<AsyncTask>(hops, cano::TaskConfig::minimal().with_attempt_timeout(1h));
}

void run_plain_strings(int hops) {
  Count count{hops};
  const auto go = [](const char* other) {
    return [other = std::string{other}](Count& left) -> std::string {
      return --left.left > 0 ? other : "done";
    };
  };
  const auto flow = cano::Workflow<std::string, Count>{"collect"}
                        .add("collect", go("deliver"), cano::TaskConfig::minimal())
                        .add("deliver", go("collect"), cano::TaskConfig::minimal())
                        .add_exit_state("done");
  cano::run(flow, count);
}

void run_failing_attempts(int attempts) {
  Count count{attempts};
  const auto config = cano::TaskConfig{}.with_fixed_retry(static_cast<std::size_t>(attempts), 0ms);
  const auto flow = cano::Workflow<Step, Count>{Step::A}
                        .add(Step::A, FailingTask{}, config)
                        .add_exit_state(Step::Done);
  cano::run(flow, count);
}

// Whole runs, one after the other, whose only attempt fails.
cano::Async<void> fail_often(const cano::Workflow<Step, Count>& flow, int runs) {
  Count count{2};
  for (int i = 0; i < runs; ++i) {
    count.left = 2;
    auto failed = flow.try_orchestrate(count);
    co_await std::move(failed);
  }
}

void run_failing_runs(int runs) {
  const auto flow = cano::Workflow<Step, Count>{Step::A}
                        .add(Step::A, FailingTask{}, cano::TaskConfig::minimal())
                        .add_exit_state(Step::Done);
  cano::run(fail_often(flow, runs));
}

// A batch of so many instances, each of ten hops.
void run_plain_instances(int instances) {
  const cano::ConcurrentWorkflow flow{countdown::workflow<countdown::PlainTask>()};
  std::vector<Count> stores(static_cast<std::size_t>(instances), Count{10});
  cano::run(flow.execute_concurrent(stores, cano::WaitForever{}));
}

template <class Task> void run_baseline(int hops) {
  Count count{hops};
  by_hand::run(by_hand::switch_over<Task>(count));
}

const std::map<std::string, std::function<void(int)>> questions{
    {"plain_hop", run_minimal<countdown::PlainTask>},
    {"plain_string_hop", run_plain_strings},
    {"plain_node", run_minimal<countdown::PlainNode>},
    {"async_hop", run_minimal<AsyncTask>},
    {"async_node", run_minimal<countdown::AsyncNode>},
    {"awaitable_hop", run_minimal<AwaitableTask>},
    {"async_hop_baseline", run_baseline<AsyncTask>},
    {"awaitable_hop_baseline", run_baseline<AwaitableTask>},
    {"awaitable_node", run_minimal<countdown::AwaitableNode>},
    {"failing_attempt", run_failing_attempts},
    {"failing_run", run_failing_runs},
    {"plain_instance", run_plain_instances},
    {"hop_with_stop_token", run_with_stop_token},
    {"hop_with_attempt_timeout", run_with_attempt_timeout},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1) {
    std::puts(CANO_COMPILER);
    for (const auto& [name, question] : questions)
      std::puts(name.c_str());
    return EXIT_SUCCESS;
  }
  const auto question = argc == 3 ? questions.find(argv[1]) : questions.end();
  if (question == questions.end()) {
    std::fputs("usage: instructions [<question> <hops>]\n", stderr);
    return EXIT_FAILURE;
  }
  question->second(std::atoi(argv[2]));
}
