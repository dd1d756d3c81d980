// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <string>
#include <vector>

#include <cano/observe/log_filter.hpp>

#include "support/catch.hpp"

using cano::Level;
using cano::LogFilter;

namespace {

// The levels that pass for a target, from Trace to Error, as letters.
std::string passing(const LogFilter& filter, std::string_view target) {
  std::string letters;
  for (const Level level : {Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error}) {
    if (filter.enabled(target, level)) letters += to_string(level)[0];
  }
  return letters;
}

std::string passing(std::string_view text, std::string_view target) {
  const LogFilter filter = LogFilter::parse(text);
  CHECK(filter.problems().empty());
  return passing(filter, target);
}

const std::string level_list = "off, error, warn, info, debug, trace";
const std::string target_list =
    "cano, app, cano::compose, cano::concurrent, cano::limit, cano::schedule, cano::task, "
    "cano::workflow";

}  // namespace

TEST_CASE("a level alone holds for every target") {
  CHECK(passing("trace", "cano::task") == "TDIWE");
  CHECK(passing("debug", "app") == "DIWE");
  CHECK(passing("info", "cano::task") == "IWE");
  CHECK(passing("warn", "cano::task") == "WE");
  CHECK(passing("error", "cano::task") == "E");
  CHECK(passing("off", "cano::task").empty());
}

TEST_CASE("levels are read in any case, and as numbers") {
  CHECK(passing("INFO", "app") == "IWE");
  CHECK(passing("Warn", "app") == "WE");
  CHECK(passing("0", "app").empty());
  CHECK(passing("1", "app") == "E");
  CHECK(passing("5", "app") == "TDIWE");
}

TEST_CASE("the longest target that fits decides, at any place") {
  for (const char* text :
       {"cano::workflow=debug,cano=error,warn", "warn,cano=error,cano::workflow=debug"}) {
    CHECK(passing(text, "cano::workflow") == "DIWE");
    CHECK(passing(text, "cano::task") == "E");
    CHECK(passing(text, "app") == "WE");
  }
}

TEST_CASE("of two parts for one target the later one holds") {
  CHECK(passing("info,debug", "app") == "DIWE");
  CHECK(passing("app=off,app=warn", "app") == "WE");
}

TEST_CASE("a target alone means trace, and what is not named is off") {
  CHECK(passing("cano::task", "cano::task") == "TDIWE");
  CHECK(passing("cano::task=", "cano::task") == "TDIWE");
  CHECK(passing("cano::task", "cano::workflow").empty());
  CHECK(passing("cano::task", "app").empty());
}

TEST_CASE("a target covers what is below it, by whole names") {
  CHECK(passing("cano=info", "cano::task") == "IWE");
  CHECK(passing("cano=info", "canoe").empty());
}

TEST_CASE("blanks and empty parts do not matter; no part at all means info") {
  CHECK(passing(" warn , , app = debug ,", "app") == "DIWE");
  CHECK(passing(" warn , , app = debug ,", "cano::task") == "WE");
  CHECK(passing("", "app") == "IWE");
  CHECK(passing(" , ", "app") == "IWE");
  CHECK(passing(LogFilter{}, "app") == "IWE");
  CHECK(passing(LogFilter{Level::Error}, "app") == "E");
}

TEST_CASE("a part that cannot be read is named, with what there is, and the others hold") {
  const LogFilter filter =
      LogFilter::parse("inof,app=debug,app=loud,cano::tsk=info,=info,cano[span]=info,info/x");
  CHECK(passing(filter, "app") == "DIWE");
  CHECK(passing(filter, "cano::task").empty());
  CHECK(filter.problems() ==
        std::vector<std::string>{
            "\"inof\" is ignored: it is neither a level (" + level_list + ") nor a target (" +
                target_list + ")",
            "\"app=loud\" is ignored: there is no such level, there are " + level_list,
            "\"cano::tsk=info\" is ignored: there is no such target, there are " + target_list,
            "\"=info\" is ignored: there is no such target, there are " + target_list,
            "\"cano[span]=info\" is ignored: filters by span, field or text are not supported",
            "\"info/x\" is ignored: filters by span, field or text are not supported"});
}

TEST_CASE("a filter in which no part can be read lets info through") {
  const LogFilter filter = LogFilter::parse("debgu");
  CHECK(filter.problems().size() == 1);
  CHECK(passing(filter, "app") == "IWE");
}

TEST_CASE("the environment gives the filter; a problem names the variable") {
  ::setenv("CANO_TEST_LOG", "app=debug,what", 1);
  const LogFilter set = LogFilter::from_environment("CANO_TEST_LOG");
  CHECK(passing(set, "app") == "DIWE");
  REQUIRE(set.problems().size() == 1);
  CHECK(set.problems()[0].starts_with("CANO_TEST_LOG: \"what\" is ignored: "));
  ::unsetenv("CANO_TEST_LOG");
  CHECK(passing(LogFilter::from_environment("CANO_TEST_LOG"), "app") == "IWE");
}
