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
using cano::Task;
using cano::TaskContext;

namespace {

enum class Step { A, B };
struct Input {};
struct Other {};

template <class Returned> struct Returns {
  Returned run(Input&) const;
};
template <class Returned> struct TakesContext {
  Returned run(Input&, TaskContext&) const;
};
struct NotConst {
  Step run(Input&);
};
struct OtherStore {
  Step run(Other&) const;
};
struct ConstStore {
  Step run(const Input&) const;
};
struct NoStore {
  Step run() const;
};
struct ContextFirst {
  Step run(TaskContext&, Input&) const;
};
struct ConstContext {
  Step run(Input&, const TaskContext&) const;
};
struct Both {
  Step run(Input&) const;
  Step operator()(Other&) const;
};
struct Overloaded {
  Step run(Input&) const;
  Step run(Other&) const;
};
struct NoDefault {
  explicit NoDefault(int);
  Step run(Input&) const;
};
class Hidden {
  Step run(Input&) const;
};

using Pointer = Step (*)(Input&);

}  // namespace

TEST_CASE("a Task returns its state plain or awaitable, as a Next or in a Result") {
  STATIC_REQUIRE(Task<Returns<Step>, Step, Input>);
  STATIC_REQUIRE(Task<Returns<const Step&>, Step, Input>);
  STATIC_REQUIRE(Task<Returns<Next<Step::A, Step::B>>, Step, Input>);
  STATIC_REQUIRE(Task<Returns<cano::Result<Step>>, Step, Input>);
  STATIC_REQUIRE(Task<Returns<cano::Result<Next<Step::A>>>, Step, Input>);
  STATIC_REQUIRE(Task<Returns<asio::awaitable<Step>>, Step, Input>);
  STATIC_REQUIRE(Task<Returns<asio::awaitable<Next<Step::A>>>, Step, Input>);
  STATIC_REQUIRE(Task<Returns<asio::awaitable<cano::Result<Step>>>, Step, Input>);
  STATIC_REQUIRE(Task<Returns<asio::awaitable<cano::Result<Next<Step::A>>>>, Step, Input>);
}

TEST_CASE("what converts to the state will do") {
  STATIC_REQUIRE(Task<Returns<const char*>, std::string, Input>);
}

TEST_CASE("a Task may take the context last") {
  STATIC_REQUIRE(Task<TakesContext<Step>, Step, Input>);
  STATIC_REQUIRE(Task<TakesContext<asio::awaitable<Step>>, Step, Input>);
  STATIC_REQUIRE(Task<ConstContext, Step, Input>);
  STATIC_REQUIRE_FALSE(Task<ContextFirst, Step, Input>);
}

TEST_CASE("other results are no outcome") {
  STATIC_REQUIRE_FALSE(Task<Returns<void>, Step, Input>);
  STATIC_REQUIRE_FALSE(Task<Returns<int>, Step, Input>);
  STATIC_REQUIRE_FALSE(Task<Returns<asio::awaitable<void>>, Step, Input>);
  STATIC_REQUIRE_FALSE(Task<Returns<cano::Result<void>>, Step, Input>);
  STATIC_REQUIRE_FALSE(Task<Returns<cano::Result<asio::awaitable<Step>>>, Step, Input>);
  STATIC_REQUIRE_FALSE(Task<Returns<Next<1, 2>>, Step, Input>);
  STATIC_REQUIRE_FALSE(Task<Returns<std::unique_ptr<Step>>, Step, Input>);
}

TEST_CASE("run is const, public, and takes the store of the workflow") {
  STATIC_REQUIRE(Task<ConstStore, Step, Input>);
  STATIC_REQUIRE(Task<Overloaded, Step, Input>);
  STATIC_REQUIRE(Task<Overloaded, Step, Other>);
  STATIC_REQUIRE(Task<NoDefault, Step, Input>);
  STATIC_REQUIRE_FALSE(Task<NotConst, Step, Input>);
  STATIC_REQUIRE_FALSE(Task<OtherStore, Step, Input>);
  STATIC_REQUIRE_FALSE(Task<NoStore, Step, Input>);
  STATIC_REQUIRE_FALSE(Task<Hidden, Step, Input>);
  STATIC_REQUIRE_FALSE(Task<int, Step, Input>);
  STATIC_REQUIRE_FALSE(Task<Input, Step, Input>);
}

TEST_CASE("a callable of that shape is a Task too") {
  const auto plain = [](Input&) { return Step::A; };
  const auto generic = [](auto&) { return Step::A; };
  const auto with_context = [](Input&, TaskContext&) { return Step::A; };
  auto changing = [n = 0](Input&) mutable { return ++n > 1 ? Step::A : Step::B; };
  const auto nothing = [](Input&) {};
  STATIC_REQUIRE(Task<decltype(plain), Step, Input>);
  STATIC_REQUIRE(Task<decltype(generic), Step, Input>);
  STATIC_REQUIRE(Task<decltype(with_context), Step, Input>);
  STATIC_REQUIRE(Task<Pointer, Step, Input>);
  STATIC_REQUIRE_FALSE(Task<decltype(changing), Step, Input>);
  STATIC_REQUIRE_FALSE(Task<decltype(nothing), Step, Input>);
  static_cast<void>(changing);
}

TEST_CASE("a member run comes before a call operator") {
  STATIC_REQUIRE(Task<Both, Step, Input>);
  STATIC_REQUIRE(Task<Both, Step, Other>);
}

TEST_CASE("the store is a MemoryStore unless said otherwise") {
  const auto task = [](cano::MemoryStore&) { return Step::A; };
  STATIC_REQUIRE(Task<decltype(task), Step>);
  STATIC_REQUIRE_FALSE(Task<Returns<Step>, Step>);
}
