// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>

#include "http.hpp"

/// A stub of a language model behind the chat-completions interface: as moody as a real one,
/// but the same each time. It turns the first request away and leaves the third without an answer.
class StubModel {
 public:
  /// Serves as long as it lives.
  explicit StubModel(const boost::asio::any_io_executor& executor) : server_{executor} {
    auto handler = [this](http::Request request) { return answer(std::move(request)); };
    boost::asio::co_spawn(executor, server_.serve(std::move(handler)), boost::asio::detached);
  }
  StubModel(const StubModel&) = delete;
  StubModel& operator=(const StubModel&) = delete;

  http::tcp::endpoint endpoint() const { return server_.endpoint(); }

 private:
  cano::Async<http::Response> answer(http::Request request) {
    const int call = ++calls_;
    if (call == 1) {
      co_return http::json_response(http::status::too_many_requests,
                                    R"({"error": {"message": "slow down"}})");
    }
    if (call == 3) co_await cano::sleep_for(std::chrono::hours{1});

    const auto question = nlohmann::json::parse(request.body());
    const std::string role = question["messages"][0]["content"];
    const std::string text = question["messages"][1]["content"];
    const nlohmann::json reply{
        {"object", "chat.completion"},
        {"model", question["model"]},
        {"choices",
         {{{"index", 0},
           {"message", {{"role", "assistant"}, {"content", speak(role, text)}}},
           {"finish_reason", "stop"}}}}};
    co_return http::json_response(http::status::ok, reply.dump());
  }

  // What little it understands of its role and of the text.
  static std::string speak(const std::string& role, const std::string& text) {
    if (role.find("critic") != role.npos) {
      const auto words = std::count(text.begin(), text.end(), ' ') + 1;
      if (words <= 12) return "OK";
      return "It has " + std::to_string(words) + " words, which is too many.";
    }
    if (role.find("revise") != role.npos) return text.substr(0, text.find(',')) + '.';
    return "A good " + text +
           " is like a good friend, always there when it is needed, and quiet at all other times.";
  }

  http::Server server_;
  int calls_ = 0;
};
