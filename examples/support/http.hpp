// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/system/system_error.hpp>

#include <cano/async/async.hpp>
#include <cano/error.hpp>

/// As much HTTP as the examples need: a server on this machine's own address, and a client.
namespace http {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using asio::ip::tcp;
using beast_http::status;
using beast_http::verb;
using Request = beast_http::request<beast_http::string_body>;
using Response = beast_http::response<beast_http::string_body>;

inline constexpr unsigned version = 11;  // HTTP/1.1

inline Request json_request(verb method, std::string target, std::string body) {
  Request request{method, target, version, std::move(body)};
  request.set(beast_http::field::host, "localhost");
  request.set(beast_http::field::content_type, "application/json");
  request.prepare_payload();
  return request;
}

inline Response json_response(status code, std::string body) {
  Response response{code, version, std::move(body)};
  response.set(beast_http::field::content_type, "application/json");
  return response;
}

/// **Errors.** `Error(Configuration)` for what is no port from 1 to 65535.
inline std::uint16_t port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error == std::errc{} && end == text.data() + text.size() && port != 0) return port;
  throw cano::Error{cano::Errc::Configuration, "'" + std::string{text} + "' is not a port"};
}

/// Sends one request over a connection of its own.
///
/// **Errors.** `std::runtime_error` when no server listens there, and what Asio and Beast report.
/// **Cancellation.** At any point; closes the connection.
inline cano::Async<Response> send(tcp::endpoint server, Request request) {
  tcp::socket socket{co_await asio::this_coro::executor};
  const auto [refused] = co_await socket.async_connect(server, asio::as_tuple(asio::deferred));
  if (refused) {
    throw std::runtime_error{"cannot connect to port " + std::to_string(server.port()) + ": " +
                             refused.message()};
  }
  co_await beast_http::async_write(socket, request, asio::deferred);
  boost::beast::flat_buffer buffer;
  Response response;
  co_await beast_http::async_read(socket, buffer, response, asio::deferred);
  co_return response;
}

/// Answers the requests of each connection, one connection a coroutine.
///
/// Reachable from this machine alone. It serves until its executor's context ends.
class Server {
 public:
  using Handler = std::function<cano::Async<Response>(Request)>;

  /// Listens on `port`, or on a free one when that is 0.
  ///
  /// **Errors.** `std::runtime_error` when another program does.
  explicit Server(const asio::any_io_executor& executor, std::uint16_t port = 0) try
      : acceptor_{executor, tcp::endpoint{asio::ip::address_v4::loopback(), port}} {
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error{"cannot listen on port " + std::to_string(port) + ": " +
                             error.code().message()};
  }

  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  cano::Async<void> serve(Handler handler) {
    for (;;) {
      tcp::socket connection = co_await acceptor_.async_accept(asio::deferred);
      // Ends with an exception when the client goes away, which concerns no other client.
      asio::co_spawn(acceptor_.get_executor(), answer(std::move(connection), handler),
                     asio::detached);
    }
  }

 private:
  static cano::Async<void> answer(tcp::socket connection, Handler handler) {
    boost::beast::flat_buffer buffer;
    for (bool keep_alive = true; keep_alive;) {
      Request request;
      co_await beast_http::async_read(connection, buffer, request, asio::deferred);
      keep_alive = request.keep_alive();
      Response response = co_await handler(std::move(request));
      response.keep_alive(keep_alive);
      response.prepare_payload();
      co_await beast_http::async_write(connection, response, asio::deferred);
    }
  }

  tcp::acceptor acceptor_;
};

}  // namespace http
