// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

namespace cano {
namespace asio = boost::asio;
}

namespace cano::detail {

/// Says of an execution context that one thread alone runs it, so that its executors need no
/// strand.
class SerialContext : public asio::execution_context::service {
 public:
  static inline asio::execution_context::id id;

  explicit SerialContext(asio::execution_context& context) : service{context} {}

 private:
  void shutdown() noexcept override {}
};

inline void mark_serial(asio::execution_context& context) {
  asio::make_service<SerialContext>(context);
}

inline bool is_serial(const asio::any_io_executor& executor) {
  return asio::has_service<SerialContext>(asio::query(executor, asio::execution::context));
}

}  // namespace cano::detail
