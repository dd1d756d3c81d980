// SPDX-License-Identifier: MIT
// What a person at a terminal sees, on a pseudo-terminal in the place of standard error or output.
#include <cstdlib>
#include <iostream>
#include <ostream>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <cano/observe/log_observer.hpp>
#include <cano/observe/progress.hpp>

#include "support/catch.hpp"
#include "support/event_script.hpp"

namespace {

// A standard stream is a terminal of kind `kind` while this lives; null: unknown.
class Terminal {
 public:
  explicit Terminal(const char* kind, int stream = STDERR_FILENO) : stream_{stream} {
    kind != nullptr ? ::setenv("TERM", kind, 1) : ::unsetenv("TERM");
    ::unsetenv("NO_COLOR");
    termios settings{};
    cfmakeraw(&settings);
    int other_end = -1;
    REQUIRE(openpty(&end_, &other_end, nullptr, &settings, nullptr) == 0);
    saved_ = dup(stream_);
    dup2(other_end, stream_);
    close(other_end);
    fcntl(end_, F_SETFL, O_NONBLOCK);
  }
  ~Terminal() {
    dup2(saved_, stream_);
    close(saved_);
    close(end_);
    ::unsetenv("NO_COLOR");
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  std::string shown() const {
    std::string text;
    char buffer[4096];
    for (ssize_t size; (size = ::read(end_, buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(size));
    return text;
  }

 private:
  int stream_;
  int end_ = -1;
  int saved_ = -1;
};

std::string logged(const Terminal& terminal, std::ostream& stream = std::cerr) {
  cano::LogObserver log{stream, cano::LogOptions{.filter = cano::LogFilter{}}};
  EventScript{log, "r"}.log(cano::Level::Error, "m");
  stream.flush();
  return terminal.shown();
}

bool has_colour(const std::string& text) { return text.find("\x1b[31mERROR\x1b[0m") < text.size(); }

}  // namespace

TEST_CASE("log lines on a terminal are coloured, unless the person wants no colour") {
  const Terminal terminal{"xterm"};
  CHECK(has_colour(logged(terminal)));
  ::setenv("NO_COLOR", "1", 1);
  const std::string plain = logged(terminal);
  CHECK(plain.find("ERROR run{id=\"r\"}: app: m\n") != std::string::npos);
  CHECK(plain.find('\x1b') == std::string::npos);
  ::setenv("NO_COLOR", "", 1);  // means nothing
  CHECK(has_colour(logged(terminal)));
}

TEST_CASE("log lines on a terminal that has no colours, or is unknown, have none") {
  for (const char* kind : {"dumb", static_cast<const char*>(nullptr)}) {
    const Terminal terminal{kind};
    const std::string text = logged(terminal);
    CHECK(text.find("app: m\n") != std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("each stream is looked at for itself") {
  const Terminal errors{"xterm"};
  CHECK(has_colour(logged(errors, std::clog)));
  std::ostringstream text;
  logged(errors, text);
  CHECK(text.str().find("app: m\n") != std::string::npos);
  CHECK_FALSE(has_colour(text.str()));
  const Terminal output{"xterm", STDOUT_FILENO};
  CHECK(has_colour(logged(output, std::cout)));
}

TEST_CASE("progress on a terminal is one line that is redrawn, on a dumb one a line a tenth") {
  const auto shown = [](const char* kind) {
    const Terminal terminal{kind};
    {
      cano::Progress progress{std::cerr, {.label = "p"}};
      progress.update({.total = 2, .completed = 1});
      progress.update({.total = 2, .completed = 2});
    }
    return terminal.shown();
  };
  CHECK(shown("xterm") ==
        "\r\x1b[?7lp  50 % of 2: 1 done, 0 failed, 1 running\x1b[K\x1b[?7h"
        "\r\x1b[?7lp  100 % of 2: 2 done, 0 failed, 0 running\x1b[K\x1b[?7h\n");
  CHECK(shown("dumb") ==
        "p  50 % of 2: 1 done, 0 failed, 1 running\n"
        "p  100 % of 2: 2 done, 0 failed, 0 running\n");
}
