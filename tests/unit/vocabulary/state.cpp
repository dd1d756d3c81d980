// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <cano/state.hpp>

#include "support/catch.hpp"

using cano::state_name;
using cano::StateLike;

namespace shop {

enum class Order { Received, Paid, Shipped, Returned = -3, Archived = 511, Lost = 512 };
enum class Narrow : std::uint8_t { First, Second = 200 };
enum class Wide : std::uint64_t { Small = 1, Huge = std::numeric_limits<std::uint64_t>::max() };
enum class Letter : char { A = 'a', Comma = ',', Paren = ')' };
enum class Switch : bool { Off, On };
enum class Wide16 : char16_t { A = u'a' };
enum class Spelled { _first, snake_case, With9, Zebra, Größe, ωmega };
enum Plain { PlainOne, PlainTwo };
enum class Spoken { Hello };
std::string to_string(Spoken) { return "hello there"; }

template <class A, int N> struct Machine {
  enum class State { Idle, Busy };
};

struct Pair {
  int first, second;
  bool operator==(const Pair&) const = default;
};
template <class A, Pair P> struct Tuned {
  enum class State { Idle, Busy };
};

struct Point {
  int x = 0, y = 0;
  bool operator==(const Point&) const = default;
};

struct Printed {
  int id = 0;
  bool operator==(const Printed&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Printed& p) {
    return out << '#' << p.id;
  }
};

struct NoHash {
  bool operator==(const NoHash&) const = default;
};

}  // namespace shop

enum Global : int { GlobalOne, GlobalTwo };

template <> struct std::hash<shop::Point> {
  std::size_t operator()(const shop::Point& p) const { return static_cast<std::size_t>(p.x); }
};
template <> struct std::hash<shop::Printed> {
  std::size_t operator()(const shop::Printed& p) const { return static_cast<std::size_t>(p.id); }
};

TEST_CASE("enums, integers, strings and hashable types are states") {
  STATIC_REQUIRE(StateLike<shop::Order>);
  STATIC_REQUIRE(StateLike<int>);
  STATIC_REQUIRE(StateLike<std::string>);
  STATIC_REQUIRE(StateLike<shop::Point>);
}

TEST_CASE("types without a hash, equality or a copy are no states") {
  STATIC_REQUIRE_FALSE(StateLike<shop::NoHash>);
  STATIC_REQUIRE_FALSE(StateLike<std::vector<int>>);
  STATIC_REQUIRE_FALSE(StateLike<const int>);
  STATIC_REQUIRE_FALSE(StateLike<int&>);
  STATIC_REQUIRE_FALSE(StateLike<void>);
}

TEST_CASE("an enumerator is named without any help of the user") {
  CHECK(state_name(shop::Order::Received) == "Received");
  CHECK(state_name(shop::Order::Shipped) == "Shipped");
  CHECK(state_name(shop::Order::Returned) == "Returned");
  CHECK(state_name(shop::Order::Archived) == "Archived");
  CHECK(state_name(shop::Narrow::First) == "First");
  CHECK(state_name(shop::Narrow::Second) == "Second");
  CHECK(state_name(shop::Wide::Small) == "Small");
}

TEST_CASE("a value without an enumerator, or outside the named range, shows its number") {
  CHECK(state_name(shop::Order::Lost) == "Order(512)");
  CHECK(state_name(static_cast<shop::Order>(77)) == "Order(77)");
  CHECK(state_name(static_cast<shop::Order>(-30000)) == "Order(-30000)");
  CHECK(state_name(static_cast<shop::Narrow>(3)) == "Narrow(3)");
  CHECK(state_name(shop::Wide::Huge) == "Wide(18446744073709551615)");
}

TEST_CASE("enumerators of local types and of templates have names too") {
  enum class Local { One, Two };
  CHECK(state_name(Local::Two) == "Two");
  const auto from_lambda = [](int, char) {
    enum class Inner { P, Q };
    return state_name(Inner::Q);
  };
  CHECK(from_lambda(1, 'c') == "Q");
  CHECK(state_name(shop::Machine<std::vector<int>, 3>::State::Busy) == "Busy");
}

TEST_CASE("an enum may be made of characters or of a bool") {
  CHECK(state_name(shop::Letter::A) == "A");
  CHECK(state_name(shop::Letter::Comma) == "Comma");
  CHECK(state_name(shop::Letter::Paren) == "Paren");
  CHECK(state_name(static_cast<shop::Letter>('(')) == "Letter(40)");
  CHECK(state_name(shop::Switch::On) == "On");
  CHECK(state_name(shop::Wide16::A) == "A");
  CHECK(state_name(static_cast<shop::Wide16>(u'b')) == "Wide16(98)");
}

TEST_CASE("a name is found whatever letters it has, and whatever brackets its type has") {
  using shop::Spelled;
  CHECK(state_name(Spelled::_first) == "_first");
  CHECK(state_name(Spelled::snake_case) == "snake_case");
  CHECK(state_name(Spelled::With9) == "With9");
  CHECK(state_name(Spelled::Zebra) == "Zebra");
  CHECK(state_name(Spelled::Größe) == "Größe");
  CHECK(state_name(Spelled::ωmega) == "ωmega");
  using Tuned = shop::Tuned<std::vector<int> (*[3])(int, char), shop::Pair{1, 2}>;
  CHECK(state_name(Tuned::State::Busy) == "Busy");
  CHECK(state_name(static_cast<Tuned::State>(7)) == "State(7)");
  CHECK(cano::detail::enumerator_name(GlobalTwo) == "GlobalTwo");
}

TEST_CASE("an enum without a fixed underlying type is named by its number") {
  CHECK(state_name(shop::PlainTwo) == "1");
}

TEST_CASE("a type's own to_string comes first, then operator<<") {
  CHECK(state_name(shop::Spoken::Hello) == "hello there");
  CHECK(state_name(shop::Printed{7}) == "#7");
}

TEST_CASE("integers, bools and strings are their own names") {
  CHECK(state_name(42) == "42");
  CHECK(state_name(-1L) == "-1");
  CHECK(state_name(true) == "true");
  CHECK(state_name(std::string{"waiting"}) == "waiting");
}

TEST_CASE("a type with no text at all is named by its type and hash") {
  CHECK(state_name(shop::Point{5, 6}) == "Point#5");
}
