// SPDX-License-Identifier: MIT
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/error.hpp>
#include <cano/result.hpp>
#include <cano/task/next.hpp>
#include <cano/task/node.hpp>
#include <cano/task/task.hpp>
#include <cano/task/task_context.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"

using namespace engine;
using cano::Errc;
using cano::Error;
using cano::Node;
using cano::TaskContext;
using cano::VirtualTime;
namespace asio = boost::asio;

namespace {

struct Plain {
  int prep(Data& data) const { return data.calls; }
  std::string exec(int calls) const { return std::to_string(calls); }
  S post(Data& data, std::string text) const {
    data.log.push_back(std::move(text));
    return S::Done;
  }
};

struct AllVoid {
  void prep(Data& data) const { data.log.push_back("prep"); }
  void exec() const {}
  S post(Data& data) const {
    data.log.push_back("post");
    return S::Done;
  }
};

struct AwaitableVoid {
  asio::awaitable<void> prep(Data& data) const {
    co_await cano::sleep_for(1ms);
    data.log.push_back("prep");
  }
  asio::awaitable<void> exec() const { co_await cano::sleep_for(1ms); }
  asio::awaitable<S> post(Data& data) const {
    co_await cano::sleep_for(1ms);
    data.log.push_back("post");
    co_return S::Done;
  }
};

struct Mixed {
  asio::awaitable<std::unique_ptr<int>> prep(Data& data) const {
    co_await cano::sleep_for(1ms);
    co_return std::make_unique<int>(data.calls);
  }
  std::unique_ptr<int> exec(std::unique_ptr<int> value) const {
    ++*value;
    return value;
  }
  asio::awaitable<cano::Next<S::Done, S::Other>> post(Data& data,
                                                      std::unique_ptr<int> value) const {
    data.calls = *value;
    co_return cano::to<S::Done>;
  }
};

struct WithContext {
  int prep(Data& data, TaskContext& context) const {
    data.log.push_back("prep " + std::to_string(context.attempt()));
    return 1;
  }
  asio::awaitable<int> exec(int value, TaskContext& context) const {
    if (context.attempt() == 1) throw std::runtime_error{"once"};
    co_return value;
  }
  S post(Data& data, int, TaskContext& context) const {
    data.log.push_back("post " + std::string{context.state_name()});
    return S::Done;
  }
};

// prep and exec give Results; `wrong` says which of them holds an error.
struct WithResults {
  int wrong;
  cano::Result<int> prep(Data& data) const {
    data.log.push_back("prep");
    if (wrong == 1) return Error{Errc::Preparation, "no input"};
    return 20;
  }
  asio::awaitable<cano::Result<int>> exec(int value) const {
    if (wrong == 2) co_return Error{Errc::NodeExecution, "no luck"};
    co_return value + 1;
  }
  cano::Result<S> post(Data& data, int value) const {
    data.calls = value;
    if (wrong == 3) return Error{Errc::Store, "no room"};
    return S::Done;
  }
};

// Takes the Results whole, and so decides itself what an error means.
struct LooksAtResults {
  cano::Result<int> prep(Data&) const { return Error{Errc::Preparation, "no input"}; }
  cano::Result<int> exec(cano::Result<int> input) const { return input.has_error() ? 7 : 8; }
  S post(Data& data, const cano::Result<int>& output) const {
    data.calls = *output;
    return S::Done;
  }
};

struct VoidResults {
  int wrong;
  cano::Result<void> prep(Data&) const {
    if (wrong == 1) return Error{Errc::Preparation, "no input"};
    return {};
  }
  asio::awaitable<cano::Result<void>> exec() const {
    if (wrong == 2) co_return Error{Errc::NodeExecution, "no luck"};
    co_return cano::Result<void>{};
  }
  S post(Data& data) const {
    ++data.calls;
    return S::Done;
  }
};

struct EmptyPhase {
  int which;
  asio::awaitable<int> prep(Data&) const {
    if (which == 1) return {};
    return value();
  }
  asio::awaitable<int> exec(int) const {
    if (which == 2) return {};
    return value();
  }
  asio::awaitable<S> post(Data&, int) const { return {}; }
  static asio::awaitable<int> value() { co_return 1; }
};

struct OwnConfig : Plain {
  cano::TaskConfig config() const { return retries(6); }
};

struct RunAndPhases : Plain {
  S run(Data& data) const {
    data.log.push_back("run");
    return S::Done;
  }
};

struct NoPrep {
  int exec(int) const;
  S post(Data&, int) const;
};
struct NoExec {
  int prep(Data&) const;
  S post(Data&, int) const;
};
struct NoPost {
  int prep(Data&) const;
  int exec(int) const;
};
struct ExecDoesNotFit {
  std::string prep(Data&) const;
  int exec(int) const;
  S post(Data&, int) const;
};
struct ExecNeedsMore {
  void prep(Data&) const;
  int exec(int) const;
  S post(Data&, int) const;
};
struct PostDoesNotFit {
  int prep(Data&) const;
  std::string exec(int) const;
  S post(Data&, int) const;
};
struct PostReturnsNothing {
  int prep(Data&) const;
  int exec(int) const;
  void post(Data&, int) const;
};
struct PhaseNotConst {
  int prep(Data&) const;
  int exec(int);
  S post(Data&, int) const;
};

template <class N> Result run_node(const N& node, Data& data, cano::TaskConfig config = once()) {
  VirtualTime time;
  const Flow flow = Flow{S::A}.add(S::A, node, std::move(config)).add_exit_state(S::Done);
  return result_of(time, flow, data);
}

}  // namespace

TEST_CASE("three const phases that fit together are a Node") {
  STATIC_REQUIRE(Node<Plain, S, Data>);
  STATIC_REQUIRE(Node<AllVoid, S, Data>);
  STATIC_REQUIRE(Node<AwaitableVoid, S, Data>);
  STATIC_REQUIRE(Node<Mixed, S, Data>);
  STATIC_REQUIRE(Node<WithContext, S, Data>);
  STATIC_REQUIRE(Node<WithResults, S, Data>);
  STATIC_REQUIRE(Node<LooksAtResults, S, Data>);
  STATIC_REQUIRE(Node<VoidResults, S, Data>);
}

TEST_CASE("a Node needs all of its phases, const, each taking what the last returns") {
  STATIC_REQUIRE_FALSE(Node<NoPrep, S, Data>);
  STATIC_REQUIRE_FALSE(Node<NoExec, S, Data>);
  STATIC_REQUIRE_FALSE(Node<NoPost, S, Data>);
  STATIC_REQUIRE_FALSE(Node<ExecDoesNotFit, S, Data>);
  STATIC_REQUIRE_FALSE(Node<ExecNeedsMore, S, Data>);
  STATIC_REQUIRE_FALSE(Node<PostDoesNotFit, S, Data>);
  STATIC_REQUIRE_FALSE(Node<PostReturnsNothing, S, Data>);
  STATIC_REQUIRE_FALSE(Node<PhaseNotConst, S, Data>);
  STATIC_REQUIRE_FALSE(Node<Plain, int, Data>);
  STATIC_REQUIRE_FALSE(Node<Plain, S, std::string>);
  STATIC_REQUIRE_FALSE(Node<int, S, Data>);
}

TEST_CASE("a Node is no Task by itself, a workflow takes either") {
  STATIC_REQUIRE_FALSE(cano::Task<Plain, S, Data>);
  Data data;
  CHECK(run_node(Plain{}, data).is_success());
  CHECK(data.log == std::vector<std::string>{"0"});
}

TEST_CASE("phases that return nothing pass nothing on") {
  Data plain;
  CHECK(run_node(AllVoid{}, plain).is_success());
  CHECK(plain.log == std::vector<std::string>{"prep", "post"});
  Data awaited;
  CHECK(run_node(AwaitableVoid{}, awaited).elapsed() == 3ms);
  CHECK(awaited.log == std::vector<std::string>{"prep", "post"});
}

TEST_CASE("values are moved from phase to phase, never copied") {
  Data data;
  data.calls = 41;
  CHECK(run_node(Mixed{}, data).is_success());
  CHECK(data.calls == 42);
}

TEST_CASE("any phase may take the context, which knows the attempt") {
  Data data;
  const auto result = run_node(WithContext{}, data, retries(3));
  CHECK(result.attempts() == 2);
  CHECK(data.log == std::vector<std::string>{"prep 1", "prep 2", "post A"});
}

TEST_CASE("a Result that holds an error ends the attempt, and the later phases do not run") {
  Data data;
  CHECK(run_node(WithResults{0}, data).is_success());
  CHECK(data.calls == 21);
  data = {};
  CHECK(run_node(WithResults{1}, data).error_message() == "Preparation error: no input");
  CHECK(data.calls == 0);
  CHECK(run_node(WithResults{2}, data).error_message() == "Node execution error: no luck");
  CHECK(data.calls == 0);
  CHECK(run_node(WithResults{3}, data).error_message() == "Store error: no room");
  CHECK(data.calls == 21);
}

TEST_CASE("the error in a Result is retried as if it were thrown") {
  Data data;
  const auto result = run_node(WithResults{2}, data, retries(2));
  CHECK(result.attempts() == 3);
  CHECK(data.log.size() == 3);
}

TEST_CASE("a phase that takes the Result whole decides itself") {
  Data data;
  CHECK(run_node(LooksAtResults{}, data).is_success());
  CHECK(data.calls == 7);
}

TEST_CASE("a Result of nothing passes nothing on, or its error") {
  Data data;
  CHECK(run_node(VoidResults{0}, data).is_success());
  CHECK(data.calls == 1);
  CHECK(run_node(VoidResults{1}, data).error_message() == "Preparation error: no input");
  CHECK(run_node(VoidResults{2}, data).error_message() == "Node execution error: no luck");
  CHECK(data.calls == 1);
}

TEST_CASE("a phase that returns an awaitable without a coroutine is an error") {
  for (const int which : {1, 2, 3}) {
    Data data;
    const auto error = inside(run_node(EmptyPhase{which}, data).error());
    CHECK(error.errc() == Errc::TaskExecution);
    CHECK(error.message() ==
          "The task of state A returned an Async or awaitable that holds no coroutine: it was "
          "moved from or has been awaited");
  }
}

TEST_CASE("a Node's own config counts unless add is given one") {
  CHECK(Flow{S::A}.add(S::A, OwnConfig{}).graph().nodes.at(0).max_attempts == 7);
  CHECK(Flow{S::A}.add(S::A, OwnConfig{}, once()).graph().nodes.at(0).max_attempts == 1);
}

TEST_CASE("a type that has both run and the phases is a Task") {
  Data data;
  CHECK(run_node(RunAndPhases{}, data).is_success());
  CHECK(data.log == std::vector<std::string>{"run"});
}
