// SPDX-License-Identifier: MIT
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/compose/each.hpp>
#include <cano/compose/join.hpp>
#include <cano/compose/poll.hpp>
#include <cano/compose/split.hpp>
#include <cano/compose/stepped.hpp>
#include <cano/compose/stream.hpp>
#include <cano/compose/sub_workflow.hpp>
#include <cano/compose/undoable.hpp>
#include <cano/compose/wait.hpp>
#include <cano/error.hpp>
#include <cano/runtime/runtime.hpp>
#include <cano/task/next.hpp>
#include <cano/task/task_config.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/graph.hpp>
#include <cano/workflow/run.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

namespace undoable_tests {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using cano::Async;
using cano::Join;
using cano::undoable;
using engine::Data;
using engine::Flow;
using engine::once;
using engine::S;
using Strings = std::vector<std::string>;

// "do x" and "undo x" in the log.
auto doing(const char* what, S next) {
  return [what, next](Data& data) {
    data.log.push_back("do " + std::string{what});
    return next;
  };
}
auto undoing(const char* what) {
  return [what](Data& data) { data.log.push_back("undo " + std::string{what}); };
}
S gives_up(Data&) { throw std::runtime_error{"no"}; }

cano::WorkflowResult<S> run(const Flow& flow, Data& data, cano::RunOptions options = {}) {
  cano::VirtualTime time;
  return time.run(flow.try_orchestrate(data, std::move(options)));
}

TEST_CASE("two callables are a task that can be undone") {
  struct Object {
    cano::Next<S::B> run(Data& data) const {
      data.log.emplace_back("do object");
      return cano::to<S::B>;
    }
    static cano::TaskConfig config() { return once(); }
  };
  struct Node {
    int prep(Data&) const { return 1; }
    int exec(int value) const { return value + 1; }
    S post(Data& data, int value) const {
      data.log.push_back("do node " + std::to_string(value));
      return S::D;
    }
  };
  const auto awaited = [](Data& data, cano::TaskContext& context) -> asio::awaitable<S> {
    co_await cano::sleep_for(1ms);
    data.log.push_back("do " + std::string{context.state_name()});
    co_return S::C;
  };
  const auto undo_awaited = [](Data& data, cano::TaskContext& context) -> Async<void> {
    co_await cano::sleep_for(1ms);
    if (context.attempt() == 1) throw std::runtime_error{"again"};
    data.log.push_back("undo " + std::string{context.state_name()});
  };
  const auto flow = Flow{S::A}
                        .add(S::A, undoable(Object{}, undoing("object")))
                        .add(S::B, undoable(awaited, undo_awaited, engine::retries(1)))
                        .add(S::C, undoable(Node{}, undoing("node")))
                        .add(S::D, gives_up, once())
                        .add_exit_state(S::Done);
  const cano::Graph graph = flow.graph();
  CHECK(graph.nodes[0].max_attempts == 1);
  CHECK(graph.nodes[0].targets_known);
  CHECK(graph.nodes[0].is_undoable);
  CHECK(graph.nodes[1].max_attempts == 4);
  Data data;
  const auto result = run(flow, data);
  CHECK(result.is_failed());
  CHECK(data.log ==
        Strings{"do object", "do B", "do node 2", "undo node", "undo B", "undo object"});
}

TEST_CASE("branches that have succeeded are undone, in the order in which they ended") {
  const auto branch_of = [](const char* what, std::chrono::milliseconds delay, bool fails) {
    return cano::branch(what,
                        undoable(
                            [what, delay, fails](Data& data) -> Async<int> {
                              co_await cano::sleep_for(delay);
                              if (fails) throw std::runtime_error{"branch"};
                              data.log.push_back("do " + std::string{what});
                              co_return 1;
                            },
                            undoing(what)),
                        once());
  };
  Data data;
  SECTION("the join fails") {
    const auto result =
        run(Flow{S::A}
                .add(S::A, cano::split(branch_of("one", 3ms, false), branch_of("two", 1ms, false),
                                       branch_of("three", 2ms, true), branch_of("four", 9ms, false))
                               .join(Join::all().keep_going(), S::Done))
                .add_exit_state(S::Done),
            data);
    CHECK(engine::inside(result.error()).errc() == cano::Errc::JoinFailed);
    CHECK(result.done() == Strings{"A/two", "A/one", "A/four"});
    CHECK(result.undone() == Strings{"A/four", "A/one", "A/two"});
    CHECK(data.log == Strings{"do two", "do one", "do four", "undo four", "undo one", "undo two"});
  }
  SECTION("what comes later fails; the losers have nothing to undo") {
    const auto result =
        run(Flow{S::A}
                .add(S::A, cano::split(branch_of("one", 1ms, false), branch_of("two", 5ms, false))
                               .join(Join::any(), S::B))
                .add(S::B, gives_up, once()),
            data);
    CHECK(result.undone() == Strings{"A/one"});
    CHECK(data.log == Strings{"do one", "undo one"});
  }
  SECTION("a retry of the split does and undoes again") {
    const auto result =
        run(Flow{S::A}.add(S::A,
                           cano::split(branch_of("one", 1ms, false), branch_of("two", 1ms, true))
                               .join(Join::all(), S::Done),
                           engine::retries(1)),
            data);
    CHECK(result.undone() == Strings{"A/one", "A/one"});
  }
}

TEST_CASE("a branch may be a Node or an object with undo") {
  struct Object {
    int run(Data& data) const {
      data.log.emplace_back("do object");
      return 1;
    }
    Async<void> undo(Data& data, cano::TaskContext& context) const {
      co_await cano::sleep_for(1ms);
      data.log.push_back("undo " + std::string{context.state_name()});
    }
  };
  struct Node {
    int prep(Data&) const { return 1; }
    int exec(int value) const { return value; }
    int post(Data& data, int value) const {
      data.log.emplace_back("do node");
      return value;
    }
    void undo(Data& data) const { data.log.emplace_back("undo node"); }
  };
  Data data;
  const auto result = run(Flow{S::A}
                              .add(S::A, cano::split(Object{}, Node{}).join(Join::all(), S::B))
                              .add(S::B, gives_up, once()),
                          data);
  CHECK(result.undone() == Strings{"A/branch 1", "A/branch 0"});
  CHECK(data.log == Strings{"do object", "do node", "undo node", "undo A/branch 0"});
}

TEST_CASE("items are undone with a copy of the item") {
  struct Trip {
    std::vector<std::string> towns{"Graz", "Linz", "Wien"};
    Strings log;
  };
  const bool with_store = GENERATE(true, false);
  auto flow = cano::Workflow<S, Trip>{S::A}.add(S::B, [](Trip& trip) -> S {
    trip.towns.clear();
    throw std::logic_error{"no"};
  });
  const auto towns = [](const Trip& trip) { return trip.towns; };
  static Strings cancelled;
  cancelled.clear();
  if (with_store) {
    flow.add(
        S::A,
        cano::each(
            towns,
            undoable(
                [](Trip& trip, const std::string& town) { trip.log.push_back("book " + town); },
                [](Trip& trip, const std::string& town, cano::TaskContext& context) -> Async<void> {
                  co_await cano::sleep_for(1ms);
                  trip.log.push_back("cancel " + town + " of " + std::string{context.state_name()});
                }))
            .join(Join::all(), S::B));
  } else {
    flow.add(S::A,
             cano::each(towns, undoable([](const std::string&) { return 1; },
                                        [](const std::string& town) { cancelled.push_back(town); }))
                 .join(Join::all(), S::B));
  }
  cano::VirtualTime time;
  Trip trip;
  const auto result = time.run(flow.try_orchestrate(trip));
  CHECK(result.undone() == Strings{"A/item 2", "A/item 1", "A/item 0"});
  if (with_store) {
    CHECK(trip.log == Strings{"book Graz", "book Linz", "book Wien", "cancel Wien of A/item 2",
                              "cancel Linz of A/item 1", "cancel Graz of A/item 0"});
  } else {
    CHECK(cancelled == Strings{"Wien", "Linz", "Graz"});
  }
}

TEST_CASE("a composite may be undone as a whole, before its branches are") {
  const auto branch = [](const char* what) {
    return undoable(
        [what](Data& data) {
          data.log.push_back("do " + std::string{what});
          return 1;
        },
        undoing(what));
  };
  const auto done = [](Data& data, const std::vector<int>&) -> cano::Next<S::B> {
    data.log.emplace_back("join");
    return cano::to<S::B>;
  };
  const auto numbers = [](const Data&) { return std::vector<int>{1, 2}; };
  const auto ask = [](Data& data) -> std::optional<S> {
    data.log.emplace_back("ask");
    return S::B;
  };
  const auto step = [](Data& data, std::optional<int> cursor) -> cano::Stepped<int, S> {
    data.log.emplace_back("step");
    if (cursor) return cano::Done{S::B};
    return cano::More{1};
  };
  struct Source {
    int left = 2;
    std::optional<int> next() { return left-- > 0 ? std::optional{left} : std::nullopt; }
  };
  const auto open = [](Data&) { return Source{}; };
  const auto same = [](const int& item) { return item; };
  const auto flush = [](Data& data, std::span<int>) { data.log.emplace_back("flush"); };
  auto flow = Flow{S::Other}.add(S::Other, [](Data&) { return S::A; }).add(S::B, gives_up, once());
  const auto whole = undoing("whole");
  Data data;
  Strings expected;
  SECTION("a split") {
    flow.add(S::A,
             undoable(cano::split(branch("one"), branch("two")).join(Join::all(), done), whole));
    expected = {"do one", "do two", "join", "undo whole", "undo two", "undo one"};
    const cano::Graph graph = flow.graph();
    CHECK(graph.nodes[2].is_undoable);
    CHECK(graph.nodes[2].targets_known);
    CHECK(graph.nodes[2].parts.size() == 2);
    CHECK(graph.nodes[2].max_attempts == 1);
  }
  SECTION("an each") {
    flow.add(S::A, undoable(cano::each(numbers, same).join(Join::all(), done), whole));
    expected = {"join", "undo whole"};
  }
  SECTION("a poll, with retries") {
    flow.add(S::A, undoable(cano::poll(ask), whole), engine::retries(2));
    expected = {"ask", "undo whole"};
  }
  SECTION("a wait") {
    flow.add(S::A, undoable(cano::wait_for(1ms, S::B), whole));
    expected = {"undo whole"};
  }
  SECTION("steps") {
    flow.add(S::A, undoable(cano::stepped<int>(step), whole), engine::retries(2));
    expected = {"step", "step", "undo whole"};
  }
  SECTION("a stream") {
    flow.add(S::A, undoable(cano::stream(open, same, flush).at_end(S::B), whole));
    expected = {"flush", "flush", "undo whole"};
  }
  const auto result = run(flow.with_default_config(once()), data);
  CHECK(result.is_failed());
  CHECK(result.done().back() == "A");
  CHECK(data.log == expected);
}

TEST_CASE("a composite that fails is not undone as a whole") {
  const auto work = [](const char* what, bool fails) {
    return undoable(
        [what, fails](Data& data) {
          if (fails) throw std::runtime_error{"branch"};
          data.log.push_back("do " + std::string{what});
          return 1;
        },
        undoing(what));
  };
  Data data;
  const auto result = run(
      Flow{S::A}.add(
          S::A,
          undoable(cano::split(work("one", false), work("two", true)).join(Join::all(), S::Done),
                   undoing("whole"))),
      data);
  CHECK(result.done() == Strings{"A/branch 0"});
  CHECK(data.log == Strings{"do one", "undo one"});
}

TEST_CASE("branches on the shards of a runtime are undone on the run's executor") {
  struct Remote {
    int run(const Data&) const { return 1; }
    void undo(Data& data) const { data.log.emplace_back("undo"); }
  };
  cano::Runtime runtime{2};
  const auto flow =
      Flow{S::A}
          .add(S::A, cano::split(Remote{}, Remote{}, Remote{}).on(runtime).join(Join::all(), S::B))
          .add(S::B, gives_up, once());
  Data data;
  const auto result = cano::run(flow.try_orchestrate(data));
  CHECK(result.undone().size() == 3);
  CHECK(data.log.size() == 3);
}

// ---- a workflow in another

enum class Pay { Reserve, Charge, Paid };

struct Payment {
  explicit Payment(Data& d) : data{&d} {}
  Payment(const Payment&) = delete;
  Payment& operator=(const Payment&) = delete;
  ~Payment() { data->log.emplace_back("store gone"); }

  Data* data;
  int amount = 7;
};

auto child_flow(bool fails) {
  const auto step = [](const char* what, Pay next) {
    return undoable(
        [what, next](Payment& payment) -> Async<Pay> {
          co_await cano::sleep_for(1ms);
          payment.data->log.push_back("do " + std::string{what});
          co_return next;
        },
        [what](Payment& payment) -> Async<void> {
          co_await cano::sleep_for(1ms);
          payment.data->log.push_back("undo " + std::string{what} + ' ' +
                                      std::to_string(payment.amount));
        });
  };
  auto flow = cano::Workflow<Pay, Payment>{Pay::Reserve}
                  .add(Pay::Reserve, step("reserve", Pay::Charge))
                  .add_exit_state(Pay::Paid);
  if (fails) {
    flow.add(
        Pay::Charge, [](Payment&) -> Pay { throw std::runtime_error{"child"}; },
        cano::TaskConfig::minimal());
  } else {
    flow.add(Pay::Charge, step("charge", Pay::Paid));
  }
  return flow;
}
auto paying(bool fails) {
  return cano::sub_workflow(
      child_flow(fails), [](Data& data) { return Payment{data}; },
      [](Data& data, Payment& payment, const cano::WorkflowResult<Pay>& result) {
        payment.amount = 8;
        data.log.push_back("read " + std::to_string(result.undone().size()));
        return result.is_success() ? S::C : S::Done;
      });
}

TEST_CASE("a sub-workflow that has succeeded is undone with the run that it is part of") {
  const auto seen = std::make_shared<cano::RecordingObserver>();
  const auto flow = Flow{S::A}
                        .add(S::A, undoable(doing("a", S::B), undoing("a")))
                        .add(S::B, paying(false))
                        .add(S::C, undoable(doing("c", S::D), undoing("c")))
                        .add(S::D, gives_up, once())
                        .with_observer(seen);
  Data data;
  const auto result = run(flow, data);
  CHECK(result.done() == Strings{"A", "B/Reserve", "B/Charge", "C"});
  CHECK(result.undone() == Strings{"C", "B/Charge", "B/Reserve", "A"});
  CHECK(data.log == Strings{"do a", "do reserve", "do charge", "read 0", "do c", "undo c",
                            "undo charge 8", "undo reserve 8", "store gone", "undo a"});
  CHECK(seen->all("state_entered").back().state == "A");
}

TEST_CASE("a sub-workflow that is a branch is undone with the run, under the branch's name") {
  const auto pay = cano::sub_workflow(
      child_flow(false), [](Data& data) { return Payment{data}; },
      [](Data&, Payment& payment, const cano::WorkflowResult<Pay>&) { return payment.amount = 8; });
  const auto flow = Flow{S::A}
                        .add(S::A, cano::split(cano::branch("pay", pay),
                                               undoable([](Data&) { return 1; }, undoing("other")))
                                       .join(Join::all(), S::B))
                        .add(S::B, gives_up, once());
  Data data;
  const auto result = run(flow, data);
  CHECK(result.undone() == Strings{"A/pay/Charge", "A/pay/Reserve", "A/branch 1"});
  CHECK(data.log == Strings{"do reserve", "do charge", "undo charge 8", "undo reserve 8",
                            "store gone", "undo other"});
}

TEST_CASE("a sub-workflow that fails undoes itself, and the run goes on") {
  const auto flow = Flow{S::A}
                        .add(S::A, undoable(doing("a", S::B), undoing("a")))
                        .add(S::B, paying(true))
                        .add_exit_state(S::Done);
  Data data;
  const auto result = run(flow, data);
  CHECK(result.is_success());
  CHECK(result.done() == Strings{"A"});
  CHECK(data.log == Strings{"do a", "do reserve", "undo reserve 7", "read 1", "store gone"});
}

TEST_CASE("a sub-workflow that is cancelled undoes itself before the run does") {
  const auto flow = Flow{S::A}
                        .add(S::A, undoable(doing("a", S::B), undoing("a")))
                        .add(S::B, paying(false))
                        .add(S::C, gives_up, once());
  // In the first step, in the second one, and just behind it.
  const auto when = GENERATE(500us, 1500us, 2000us);
  cano::VirtualTime time;
  Data data;
  std::stop_source source;
  engine::after(time, when, [&] { source.request_stop(); });
  const auto result =
      time.run(flow.try_orchestrate(data, cano::RunOptions{}.with_stop(source.get_token())));
  CHECK_FALSE(result.is_success());
  CHECK(data.log.back() == "undo a");
  const auto count = [&](const std::string& start) {
    return std::count_if(data.log.begin(), data.log.end(),
                         [&](const std::string& line) { return line.starts_with(start); });
  };
  CHECK(count("do ") == count("undo "));
  CHECK(count("store gone") == 1);
}

TEST_CASE("a failure of the function that reads back leaves the child's work to be undone") {
  const auto reads = cano::sub_workflow(
      child_flow(false), [](Data& data) { return Payment{data}; },
      [](Data&, Payment&, const cano::WorkflowResult<Pay>&) -> S {
        throw std::runtime_error{"read"};
      });
  Data data;
  const auto result = run(Flow{S::A}.add(S::A, reads, engine::retries(1)), data);
  CHECK(result.undone() == Strings{"A/Charge", "A/Reserve", "A/Charge", "A/Reserve"});
  CHECK(result.error_message() == "read");
}

}  // namespace undoable_tests
