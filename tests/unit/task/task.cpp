// SPDX-License-Identifier: MIT
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include <cano/error.hpp>
#include <cano/result.hpp>
#include <cano/task/next.hpp>
#include <cano/task/task.hpp>

#include "support/catch.hpp"

namespace asio = boost::asio;
using cano::Next;
using cano::Result;
using cano::Task;
using cano::TaskContext;

namespace {

enum class State { A, B };
struct Data {};
struct Other {};

template <class Returned> struct Returns {
  Returned run(Data&) const;
};
template <class Returned> struct TakesContext {
  Returned run(Data&, TaskContext&) const;
};
struct NotConst {
  State run(Data&);
};
struct OtherStore {
  State run(Other&) const;
};
struct ConstStore {
  State run(const Data&) const;
};
struct NoStore {
  State run() const;
};
struct ContextFirst {
  State run(TaskContext&, Data&) const;
};
struct ConstContext {
  State run(Data&, const TaskContext&) const;
};
struct Both {
  State run(Data&) const;
  State operator()(Other&) const;
};
struct Overloaded {
  State run(Data&) const;
  State run(Other&) const;
};
struct NoDefault {
  explicit NoDefault(int);
  State run(Data&) const;
};
class Hidden {
  State run(Data&) const;
};

using Pointer = State (*)(Data&);

}  // namespace

TEST_CASE("a Task returns its state plain or awaitable, as a Next or in a Result") {
  STATIC_REQUIRE(Task<Returns<State>, State, Data>);
  STATIC_REQUIRE(Task<Returns<const State&>, State, Data>);
  STATIC_REQUIRE(Task<Returns<Next<State::A, State::B>>, State, Data>);
  STATIC_REQUIRE(Task<Returns<Result<State>>, State, Data>);
  STATIC_REQUIRE(Task<Returns<Result<Next<State::A>>>, State, Data>);
  STATIC_REQUIRE(Task<Returns<asio::awaitable<State>>, State, Data>);
  STATIC_REQUIRE(Task<Returns<asio::awaitable<Next<State::A>>>, State, Data>);
  STATIC_REQUIRE(Task<Returns<asio::awaitable<Result<State>>>, State, Data>);
  STATIC_REQUIRE(Task<Returns<asio::awaitable<Result<Next<State::A>>>>, State, Data>);
}

TEST_CASE("what converts to the state will do") {
  STATIC_REQUIRE(Task<Returns<const char*>, std::string, Data>);
}

TEST_CASE("a Task may take the context last") {
  STATIC_REQUIRE(Task<TakesContext<State>, State, Data>);
  STATIC_REQUIRE(Task<TakesContext<asio::awaitable<State>>, State, Data>);
  STATIC_REQUIRE(Task<ConstContext, State, Data>);
  STATIC_REQUIRE_FALSE(Task<ContextFirst, State, Data>);
}

TEST_CASE("other results are no outcome") {
  STATIC_REQUIRE_FALSE(Task<Returns<void>, State, Data>);
  STATIC_REQUIRE_FALSE(Task<Returns<int>, State, Data>);
  STATIC_REQUIRE_FALSE(Task<Returns<asio::awaitable<void>>, State, Data>);
  STATIC_REQUIRE_FALSE(Task<Returns<Result<void>>, State, Data>);
  STATIC_REQUIRE_FALSE(Task<Returns<Result<asio::awaitable<State>>>, State, Data>);
  STATIC_REQUIRE_FALSE(Task<Returns<Next<1, 2>>, State, Data>);
  STATIC_REQUIRE_FALSE(Task<Returns<std::unique_ptr<State>>, State, Data>);
}

TEST_CASE("run is const, public, and takes the store of the workflow") {
  STATIC_REQUIRE(Task<ConstStore, State, Data>);
  STATIC_REQUIRE(Task<Overloaded, State, Data>);
  STATIC_REQUIRE(Task<Overloaded, State, Other>);
  STATIC_REQUIRE(Task<NoDefault, State, Data>);
  STATIC_REQUIRE_FALSE(Task<NotConst, State, Data>);
  STATIC_REQUIRE_FALSE(Task<OtherStore, State, Data>);
  STATIC_REQUIRE_FALSE(Task<NoStore, State, Data>);
  STATIC_REQUIRE_FALSE(Task<Hidden, State, Data>);
  STATIC_REQUIRE_FALSE(Task<int, State, Data>);
  STATIC_REQUIRE_FALSE(Task<Data, State, Data>);
}

TEST_CASE("a callable of that shape is a Task too") {
  const auto plain = [](Data&) { return State::A; };
  const auto generic = [](auto&) { return State::A; };
  const auto with_context = [](Data&, TaskContext&) { return State::A; };
  auto changing = [n = 0](Data&) mutable { return ++n > 1 ? State::A : State::B; };
  const auto nothing = [](Data&) {};
  STATIC_REQUIRE(Task<decltype(plain), State, Data>);
  STATIC_REQUIRE(Task<decltype(generic), State, Data>);
  STATIC_REQUIRE(Task<decltype(with_context), State, Data>);
  STATIC_REQUIRE(Task<Pointer, State, Data>);
  STATIC_REQUIRE_FALSE(Task<decltype(changing), State, Data>);
  STATIC_REQUIRE_FALSE(Task<decltype(nothing), State, Data>);
  static_cast<void>(changing);
}

TEST_CASE("a member run comes before a call operator") {
  STATIC_REQUIRE(Task<Both, State, Data>);
  STATIC_REQUIRE(Task<Both, State, Other>);
}

TEST_CASE("the store is a MemoryStore unless said otherwise") {
  const auto task = [](cano::MemoryStore&) { return State::A; };
  STATIC_REQUIRE(Task<decltype(task), State>);
  STATIC_REQUIRE_FALSE(Task<Returns<State>, State>);
}
