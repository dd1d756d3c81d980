// SPDX-License-Identifier: MIT
// Boost.Beast on both sides of a workflow. The server's sessions are coroutines of Asio's, as in
// Beast's own examples, and run a workflow for each request. The client is a workflow whose task
// sends a request, and is tried again when the server is busy.

#include <chrono>
#include <exception>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/task/task_config.hpp>
#include <cano/workflow/workflow.hpp>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using namespace std::chrono_literals;

// ---- the server: counts the words of what it is sent

enum class Reply { Admit, Count, Sent };

struct Exchange {
  http::request<http::string_body> request{};
  http::response<http::string_body> response{};
};

cano::Async<Reply> count(Exchange& exchange) {
  co_await cano::sleep_for(1ms);  // a slow counter
  std::istringstream words{exchange.request.body()};
  int number = 0;
  for (std::string word; words >> word;)
    ++number;
  exchange.response.body() = std::to_string(number);
  co_return Reply::Sent;
}

using Service = cano::Workflow<Reply, Exchange>;

//! [session]
asio::awaitable<void> answer(tcp::socket socket, const Service& service) {
  beast::flat_buffer buffer;
  for (bool keep_alive = true; keep_alive;) {
    Exchange exchange;
    co_await http::async_read(socket, buffer, exchange.request, asio::use_awaitable);
    keep_alive = exchange.request.keep_alive();
    co_await service.orchestrate(exchange);  // an Async
    exchange.response.keep_alive(keep_alive);
    exchange.response.prepare_payload();
    co_await http::async_write(socket, exchange.response, asio::use_awaitable);
  }
}
//! [session]

asio::awaitable<void> serve(tcp::acceptor& acceptor, const Service& service) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), answer(std::move(socket), service), asio::detached);
  }
}

// ---- the client

enum class Step { Ask, Show, Done };

struct Questions {
  tcp::endpoint server;
  std::vector<std::string> texts;
  std::string reply{};
};

//! [client]
struct Ask {
  cano::TaskConfig config() const {
    return cano::TaskConfig{}.with_fixed_retry(3, 1ms).with_attempt_timeout(10s);
  }

  cano::Async<Step> run(Questions& questions) const {
    http::request<http::string_body> request{http::verb::post, "/words", 11};
    request.set(http::field::host, "localhost");
    request.keep_alive(false);  // a connection for each attempt
    request.body() = questions.texts.back();
    request.prepare_payload();

    beast::tcp_stream stream{co_await asio::this_coro::executor};
    co_await stream.async_connect(questions.server, asio::deferred);
    co_await http::async_write(stream, request, asio::deferred);
    beast::flat_buffer buffer;
    http::response<http::string_body> response;
    co_await http::async_read(stream, buffer, response, asio::deferred);

    if (response.result() != http::status::ok) {
      std::cout << "  (" << response.reason() << ")\n";
      throw std::runtime_error{"the server is busy"};
    }
    questions.reply = std::move(response.body());
    co_return Step::Show;
  }
};
//! [client]

Step show(Questions& questions) {
  std::cout << questions.texts.back() << ": " << questions.reply << " words\n";
  questions.texts.pop_back();
  return questions.texts.empty() ? Step::Done : Step::Ask;
}

int main() {
  int requests = 0;
  const auto admit = [&requests](Exchange& exchange) {
    if (++requests != 2) return Reply::Count;  // the second finds it busy
    exchange.response.result(http::status::too_many_requests);
    return Reply::Sent;
  };
  const auto service = Service{Reply::Admit}
                           .add(Reply::Admit, admit)
                           .add(Reply::Count, count)
                           .add_exit_state(Reply::Sent);
  const auto client = cano::Workflow<Step, Questions>{Step::Ask}
                          .add(Step::Ask, Ask{})
                          .add(Step::Show, show)
                          .add_exit_state(Step::Done);

  asio::io_context context;
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};  // a free port
  asio::co_spawn(context, serve(acceptor, service), asio::detached);

  Questions questions{acceptor.local_endpoint(), {"to be or not to be", "once upon a time"}};
  asio::co_spawn(context, client.orchestrate(questions), [&](std::exception_ptr error, Step) {
    acceptor.close();  // ends the server, so that `context` runs out of work
    if (error) std::rethrow_exception(error);
  });
  context.run();
  std::cout << "Served\n";
}
