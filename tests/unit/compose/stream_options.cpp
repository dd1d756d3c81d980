// SPDX-License-Identifier: MIT
#include <chrono>

#include <cano/compose/stream_options.hpp>
#include <cano/task/retry_policy.hpp>

#include "support/catch.hpp"

namespace stream_options_tests {

using namespace std::chrono_literals;
using cano::ItemErrors;

TEST_CASE("by default a window is one result, and an item that fails fails it") {
  const cano::StreamOptions options;
  CHECK_FALSE(options.window.count);
  CHECK_FALSE(options.window.within);
  CHECK_FALSE(options.on_item_error.skips());
  CHECK_FALSE(options.on_item_error.retry());
}

TEST_CASE("item errors may be retried before they are skipped or fail") {
  const auto skip = ItemErrors::skip();
  const auto retried = skip.with_retry(cano::RetryPolicy::fixed(2, 5ms));
  CHECK(retried.skips());
  CHECK(retried.retry()->max_attempts() == 3);
  CHECK_FALSE(skip.retry());
  const auto fails = ItemErrors::fail().with_retry(cano::RetryPolicy::fixed(1, 5ms));
  CHECK_FALSE(fails.skips());
  CHECK(fails.retry());
}

}  // namespace stream_options_tests
