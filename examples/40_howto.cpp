// SPDX-License-Identifier: MIT
// Small answers of the documentation's how-to page, each between its own marks.
#include <chrono>
#include <csignal>
#include <future>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>

#include <cano.hpp>
#include <cano/testing/virtual_time.hpp>

namespace asio = boost::asio;
using namespace std::chrono_literals;

enum class State { Work, Done };

struct Job {
  int answer = 0;
};

State work(Job& job) {
  job.answer = 42;
  return State::Done;
}

cano::Workflow<State, Job> make_workflow() {
  return cano::Workflow<State, Job>{State::Work}.add(State::Work, work).add_exit_state(State::Done);
}

void on_my_own_thread_pool() {
  //! [pool]
  asio::thread_pool pool{2};
  const auto workflow = make_workflow();
  Job job;
  std::future<State> end = workflow.async_orchestrate(pool.get_executor(), job, asio::use_future);
  end.get();  // the job may be read now
  //! [pool]
  std::cout << "pool: " << job.answer << '\n';
}

//! [parameters]
struct Multiply {
  int factor;  // a parameter of the task; const while it runs
  State run(Job& job) const {
    job.answer *= factor;
    return State::Done;
  }
};
//! [parameters]

void with_parameters() {
  const auto workflow = cano::Workflow<State, Job>{State::Work}
                            .add(State::Work, Multiply{.factor = 3})
                            .add_exit_state(State::Done);
  Job job{.answer = 14};
  cano::run(workflow, job);
  std::cout << "parameters: " << job.answer << '\n';
}

//! [nested]
struct Outer {
  cano::Workflow<State, Job> inner = make_workflow();

  cano::Async<State> run(Job& job) const {
    Job own;
    co_await inner.orchestrate(own);  // cancelled and limited with the outer run
    job.answer = own.answer + 1;
    co_return State::Done;
  }
};
//! [nested]

void nested_workflow() {
  const auto workflow = cano::Workflow<State, Job>{State::Work}
                            .add(State::Work, Outer{}, cano::TaskConfig::minimal())
                            .add_exit_state(State::Done);
  Job job;
  cano::run(workflow, job);
  std::cout << "nested: " << job.answer << '\n';
}

//! [observer]
struct FailureCounter : cano::Observer {
  int failures = 0;
  void on_attempt_failed(const cano::AttemptFailed&) override { ++failures; }
};
//! [observer]

void own_observer() {
  const auto fails = [](Job& job) {
    if (++job.answer < 3) throw std::runtime_error{"not yet"};
    return State::Done;
  };
  //! [observe]
  const auto counter = std::make_shared<FailureCounter>();
  const auto workflow = cano::Workflow<State, Job>{State::Work}
                            .add(State::Work, fails)
                            .add_exit_state(State::Done)
                            .with_observer(counter);
  //! [observe]
  cano::VirtualTime time;
  Job job;
  time.run(workflow.orchestrate(job));
  std::cout << "observer: " << counter->failures << " failures\n";
}

void json_of_a_store() {
  //! [json]
  cano::MemoryStore store;
  store.put("user", "Alice");
  store.put("scores", std::vector<int>{85, 92});
  std::cout << "json: " << store.to_json().dump() << '\n';  // needs <nlohmann/json.hpp>
  //! [json]
}

void limit_of_a_run() {
  const auto waits = [](Job&) -> cano::Async<State> {
    co_await cano::sleep_for(1h);
    co_return State::Done;
  };
  const auto workflow =
      cano::Workflow<State, Job>{State::Work}.add(State::Work, waits).add_exit_state(State::Done);
  cano::VirtualTime time;
  Job job;
  //! [limit]
  const auto options = cano::RunOptions{}.with_timeout(10s).with_run_id("order-42");
  const auto result = time.run(workflow.try_orchestrate(job, options));
  //! [limit]
  std::cout << "limit: " << result.error_message() << '\n';
}

void plain_code_that_stops() {
  //! [token]
  const auto count = [](Job& job, cano::TaskContext& context) {
    const std::stop_token stop = context.stop_token();
    while (!stop.stop_requested())
      ++job.answer;  // a long computation
    return State::Done;
  };
  //! [token]
  const auto workflow = cano::Workflow<State, Job>{State::Work}
                            .add(State::Work, count, cano::TaskConfig::minimal())
                            .add_exit_state(State::Done);
  std::stop_source source;
  std::jthread other{[&source] { source.request_stop(); }};
  Job job;
  const auto result =
      cano::run(workflow.try_orchestrate(job, cano::RunOptions{}.with_stop(source.get_token())));
  std::cout << "token: " << (result.is_failed() ? "failed" : "ended") << '\n';
}

//! [ctrl_c]
cano::Async<int> wait_for_signal() {
  asio::signal_set signals{co_await asio::this_coro::executor, SIGINT, SIGTERM};
  co_return co_await signals.async_wait(asio::deferred);
}
//! [ctrl_c]

void cancelled_on_ctrl_c() {
  const auto waits = [](Job&) -> cano::Async<State> {
    std::raise(SIGINT);
    co_await cano::sleep_for(1h);
    co_return State::Done;
  };
  const auto workflow =
      cano::Workflow<State, Job>{State::Work}.add(State::Work, waits).add_exit_state(State::Done);
  Job job;
  //! [until_ctrl_c]
  auto until = cano::when_any(wait_for_signal(), workflow.try_orchestrate(job));
  const bool was_signalled = cano::run(std::move(until)).index() == 0;  // the run has ended too
  //! [until_ctrl_c]
  std::cout << "ctrl_c: " << (was_signalled ? "cancelled" : "done") << '\n';
}

//! [retry_after]
State ask_server(Job& job) {
  if (++job.answer == 1) throw cano::RetryAfter{2s, "503: busy"};  // as its header Retry-After says
  return State::Done;
}
//! [retry_after]

void back_when_the_server_says() {
  const auto workflow = cano::Workflow<State, Job>{State::Work}
                            .add(State::Work, ask_server)
                            .add_exit_state(State::Done);
  cano::VirtualTime time;
  Job job;
  const auto start = time.now();
  time.run(workflow.orchestrate(job));
  std::cout << "retry_after: " << (time.now() - start) / 1s << " s\n";
}

int main() {
  on_my_own_thread_pool();
  with_parameters();
  nested_workflow();
  own_observer();
  json_of_a_store();
  limit_of_a_run();
  plain_code_that_stops();
  cancelled_on_ctrl_c();
  back_when_the_server_says();
}
