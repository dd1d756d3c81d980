// SPDX-License-Identifier: MIT
// A web service that answers each request with one run of a workflow. The store of a run is the
// request and its answer; the state in which it ends says what became of it. What the client did
// wrong is a state, what we did wrong is an exception, and the client sees which.
//
//     36_http_requests          asks itself some questions
//     36_http_requests <port>   serves until it is stopped; ask it with
//       curl -d '[{"name": "tea", "count": 2}]' localhost:<port>/total

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/task/next.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/run.hpp>

#include "support/http.hpp"

namespace asio = boost::asio;
using namespace std::chrono_literals;
using cano::Next;
using cano::to;
using nlohmann::json;

enum class State { Route, Parse, Price, Answered, Refused };

struct Exchange {
  http::Request request;
  json items{};
  http::Response response{};
};

void answer(Exchange& exchange, http::status status, const json& body) {
  exchange.response = http::json_response(status, body.dump());
}

cano::To<State::Refused> refuse(Exchange& exchange, http::status status, std::string why) {
  answer(exchange, status, {{"error", std::move(why)}});
  return to<State::Refused>;
}

Next<State::Parse, State::Refused> route(Exchange& exchange) {
  if (exchange.request.target() != "/total")
    return refuse(exchange, http::status::not_found, "there is only /total");
  if (exchange.request.method() != http::verb::post)
    return refuse(exchange, http::status::method_not_allowed, "POST an order");
  return to<State::Parse>;
}

bool is_item(const json& item) {
  return item.is_object() && item.contains("name") && item["name"].is_string() &&
         item.contains("count") && item["count"].is_number_unsigned() && item["count"] <= 1000;
}

Next<State::Price, State::Refused> parse(Exchange& exchange) {
  exchange.items = json::parse(exchange.request.body(), nullptr, false);
  if (!exchange.items.is_array() || !std::ranges::all_of(exchange.items, is_item))
    return refuse(exchange, http::status::bad_request, "an order is a list of names and counts");
  return to<State::Price>;
}

cano::Async<std::optional<int>> cents_for(std::string_view name) {
  co_await cano::sleep_for(name == "saffron" ? cano::Duration{1h} : 1ms);  // ask the supplier
  if (name == "tea") co_return 450;
  if (name == "bread") co_return 320;
  co_return std::nullopt;
}

cano::Async<Next<State::Answered, State::Refused>> price(Exchange& exchange) {
  std::int64_t total = 0;
  for (const json& item : exchange.items) {
    const auto name = item["name"].get<std::string>();
    const auto cents = co_await cents_for(name);
    if (!cents)
      co_return refuse(exchange, http::status::unprocessable_entity, "there is no " + name);
    total += *cents * item["count"].get<std::int64_t>();
  }
  answer(exchange, http::status::ok, {{"total_cents", total}});
  co_return to<State::Answered>;
}

//! [handler]
cano::Async<http::Response> handle(const cano::Workflow<State, Exchange>& workflow,
                                   http::Request request) {
  Exchange exchange{.request = std::move(request)};
  const auto result = co_await workflow.try_orchestrate(exchange);
  if (!result.is_success()) {
    std::cerr << result.error_message() << '\n';  // for us; the client need not know
    answer(exchange, http::status::service_unavailable, {{"error", "try again later"}});
  }
  co_return std::move(exchange.response);
}
//! [handler]

cano::Async<void> ask_questions(http::tcp::endpoint server) {
  struct Question {
    http::verb method;
    std::string path, body;
  };
  const Question questions[]{
      {http::verb::post, "/total",
       R"([{"name": "tea", "count": 2}, {"name": "bread", "count": 1}])"},
      {http::verb::post, "/total", R"([{"name": "tea", "count": -2}])"},
      {http::verb::post, "/total", R"([{"name": "gold", "count": 1}])"},
      {http::verb::post, "/total", R"([{"name": "saffron", "count": 1}])"},
      {http::verb::get, "/total", "[]"},
      {http::verb::post, "/orders", "[]"},
  };
  for (const auto& [method, path, body] : questions) {
    auto request = http::json_request(method, path, body);
    const auto response = co_await http::send(server, std::move(request));
    std::cout << to_string(method) << ' ' << path << ' ' << body << "\n  " << response.result_int()
              << ' ' << response.body() << '\n';
  }
}

cano::Async<void> serve(std::uint16_t port) {
  const auto workflow =
      cano::Workflow<State, Exchange>{State::Route}
          .add(State::Route, route)
          .add(State::Parse, parse)
          .add(State::Price, price, cano::TaskConfig::minimal().with_attempt_timeout(1s))
          .add_exit_states({State::Answered, State::Refused});
  const auto handler = [&workflow](http::Request request) {
    return handle(workflow, std::move(request));
  };
  http::Server server{co_await asio::this_coro::executor, port};
  if (port != 0) {
    co_await server.serve(handler);
  } else {
    // `run` ends with this coroutine and takes the server with it.
    asio::co_spawn(co_await asio::this_coro::executor, server.serve(handler), asio::detached);
    co_await ask_questions(server.endpoint());
  }
}

int main(int argc, char** argv) try {
  cano::run(serve(argc > 1 ? http::port_of(argv[1]) : 0));
} catch (const std::exception& error) {
  std::cerr << "36_http_requests: " << error.what() << '\n';
  return 1;
}
