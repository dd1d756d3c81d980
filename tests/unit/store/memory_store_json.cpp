// SPDX-License-Identifier: MIT
#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <cano/store/memory_store.hpp>

#include "support/catch.hpp"

using cano::MemoryStore;
using nlohmann::json;

namespace weather {

struct Reading {
  std::string station;
  double value = 0.0;
};
void to_json(json& out, const Reading& reading) {
  out = json{{"station", reading.station}, {"value", reading.value}};
}

struct Secret {
  int code = 0;
};

enum class Sky { Clear, Cloudy = 7 };

enum class Wind { Calm, Storm };
NLOHMANN_JSON_SERIALIZE_ENUM(Wind, {{Wind::Calm, "calm"}, {Wind::Storm, "storm"}})

struct Foreign {
  int id = 0;
};

struct Tree {
  std::vector<Tree> children;
};
void to_json(json& out, const Tree& tree) {
  out = json::array();
  for (const Tree& child : tree.children)
    out.push_back(child);
}

}  // namespace weather

template <> struct nlohmann::adl_serializer<weather::Foreign> {
  static void to_json(json& out, const weather::Foreign& value) { out["foreign"] = value.id; }
};

namespace {

template <class T> json written(T value) {
  MemoryStore store;
  store.put("k", std::move(value));
  return store.to_json().at("k");
}

}  // namespace

TEST_CASE("an empty store is an empty object") { CHECK(MemoryStore{}.to_json().dump() == "{}"); }

TEST_CASE("numbers, text and null are written as they are") {
  MemoryStore store;
  store.put("int", -3);
  store.put("unsigned", std::numeric_limits<std::uint64_t>::max());
  store.put("double", 0.5);
  store.put("float", 0.25f);
  store.put("bool", true);
  store.put("text", "Sea-Tac");
  store.put("null", nullptr);
  CHECK(store.to_json() == json::parse(R"({"int": -3, "unsigned": 18446744073709551615,
    "double": 0.5, "float": 0.25, "bool": true, "text": "Sea-Tac", "null": null})"));
}

TEST_CASE("every kind of number is what nlohmann_json makes of it") {
  CHECK(written('a') == json('a'));
  CHECK(written(static_cast<signed char>(-1)) == json(-1));
  CHECK(written(static_cast<std::uint8_t>(200)) == json(200));
  CHECK(written(std::numeric_limits<std::int64_t>::min()) ==
        json(std::numeric_limits<std::int64_t>::min()));
  CHECK(written(weather::Sky::Cloudy) == json(weather::Sky::Cloudy));
}

TEST_CASE("containers are arrays and objects") {
  CHECK(written(std::vector<int>{1, 2}) == json::parse("[1, 2]"));
  CHECK(written(std::vector<bool>{true, false}) == json::parse("[true, false]"));
  CHECK(written(std::list<std::string>{"a"}) == json::parse(R"(["a"])"));
  CHECK(written(std::set<int>{2, 1}) == json::parse("[1, 2]"));
  CHECK(written(std::array<double, 2>{0.5, 1.5}) == json::parse("[0.5, 1.5]"));
  CHECK(written(std::map<std::string, std::vector<int>>{{"a", {1}}}) ==
        json::parse(R"({"a": [1]})"));
  CHECK(written(std::unordered_map<std::string, bool>{{"a", true}}) ==
        json::parse(R"({"a": true})"));
  CHECK(written(std::map<int, std::string>{{1, "one"}}) == json::parse(R"([[1, "one"]])"));
  CHECK(written(std::pair<int, std::string>{1, "one"}) == json::parse(R"([1, "one"])"));
  CHECK(written(std::tuple<int, bool, double>{1, true, 0.5}) == json::parse("[1, true, 0.5]"));
  CHECK(written(std::vector<int>{}) == json::array());
}

TEST_CASE("an optional is its value or null") {
  CHECK(written(std::optional<int>{3}) == json(3));
  CHECK(written(std::optional<int>{}).is_null());
}

TEST_CASE("a type with a to_json of its own writes itself, also inside a container") {
  const json expected = json::parse(R"({"station": "Sea-Tac", "value": 1.5})");
  const weather::Reading reading{"Sea-Tac", 1.5};
  CHECK(written(reading) == expected);
  CHECK(written(std::vector{reading}) == json::array({expected}));
  CHECK(written(std::map<std::string, weather::Reading>{{"a", reading}}) == json{{"a", expected}});
  CHECK(written(weather::Wind::Storm) == "storm");
  CHECK(written(weather::Foreign{4}) == json::parse(R"({"foreign": 4})"));
  CHECK(written(weather::Tree{{{}, {}}}) == json::parse("[[], []]"));
  CHECK(written(json::parse(R"({"a": [1, null]})")) == json::parse(R"({"a": [1, null]})"));
}

TEST_CASE("what JSON cannot hold is written as its type") {
  const auto type = [](const char* name) { return json{{"type", name}}; };
  CHECK(written(weather::Secret{7}) == type("weather::Secret"));
  CHECK(written(std::vector<weather::Secret>(2)) == type("std::vector<weather::Secret>"));
  CHECK(written(std::make_unique<int>(1)) == type("std::unique_ptr<int>"));
  CHECK(written(std::make_shared<int>(1)) == type("std::shared_ptr<int>"));
  CHECK(written(std::function<void()>{}) == type("std::function<void()>"));
  CHECK(written(static_cast<const int*>(nullptr)) == type("const int*"));
  CHECK(written(std::pair<int, weather::Secret>{}) == type("std::pair<int, weather::Secret>"));
}

TEST_CASE("text that is not UTF-8 can be written, with U+FFFD where it is not") {
  const std::string bad = "JQ3\x95Masahi";
  const std::string good = "JQ3\xEF\xBF\xBDMasahi";
  MemoryStore store;
  store.put("alias", bad);
  store.put("list", std::vector<std::string>{"\xC3", "a\xFF\xFEz", "\xED\xA0\x80", "\xC3\xA4"});
  store.put("map", std::map<std::string, std::string>{{"k\x80", bad}});
  store.put("pair", std::pair{1, bad});
  store.put("maybe", std::optional{bad});
  store.put("own", weather::Reading{bad, 1.5});
  store.put("json", json{{"a", {bad, {{"\xFF", bad}}}}});
  const json written = json::parse(store.to_json().dump());
  CHECK(written["alias"] == good);
  CHECK(written["list"] == json{"\xEF\xBF\xBD", "a\xEF\xBF\xBD\xEF\xBF\xBDz",
                                "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", "\xC3\xA4"});
  CHECK(written["map"] == json{{"k\xEF\xBF\xBD", good}});
  CHECK(written["pair"] == json::array({1, good}));
  CHECK(written["maybe"] == good);
  CHECK(written["own"]["station"] == good);
  CHECK(written["json"] == json{{"a", {good, {{"\xEF\xBF\xBD", good}}}}});
}

TEST_CASE("no key hides another one that is written the same") {
  MemoryStore store;
  store.put("\xFF", 1);
  store.put("\xFE", 2);
  store.put("\xEF\xBF\xBD", 3);
  store.put("inner", std::map<std::string, int>{{"\xFE", 1}, {"\xFF", 2}});
  store.put("own", json{{"\xFE", 1}, {"\xFF", 2}, {"\xEF\xBF\xBD", 3}});
  const json written = json::parse(store.to_json().dump());
  CHECK(written.size() == 5);
  CHECK(written["\xEF\xBF\xBD"] == 3);
  CHECK(written["\xEF\xBF\xBD (2)"] == 2);
  CHECK(written["\xEF\xBF\xBD (3)"] == 1);
  CHECK(written["inner"] == json{{"\xEF\xBF\xBD", 1}, {"\xEF\xBF\xBD (2)", 2}});
  CHECK(written["own"]["\xEF\xBF\xBD"] == 3);
  CHECK(written["own"].size() == 3);
}
