// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

namespace cano {

namespace asio = boost::asio;

namespace detail {

/// Present in a context that one thread alone runs: its presence is all it says.
class SerialContext : public asio::execution_context::service {
 public:
  // One for the program: libraries that hide their symbols look for it too.
  [[gnu::visibility("default")]] static inline asio::execution_context::id id;

  explicit SerialContext(asio::execution_context& context)
      : asio::execution_context::service{context} {}

 private:
  void shutdown() override {}
};

/// Promises that only one thread at a time will ever run this context.
inline void mark_serial(asio::execution_context& context) {
  asio::use_service<SerialContext>(context);
}

/// Whether two handlers on this executor can never run at once, so that no strand is needed.
inline bool is_serial(const asio::any_io_executor& executor) {
  return asio::has_service<SerialContext>(asio::query(executor, asio::execution::context));
}

}  // namespace detail
}  // namespace cano
