// SPDX-License-Identifier: MIT
#include <exception>
#include <stdexcept>
#include <utility>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <cano/async/async.hpp>
#include <cano/async/detail/start.hpp>

#include "support/async_chains.hpp"
#include "support/catch.hpp"

using cano::Async;
namespace asio = boost::asio;

namespace {

// Its copies and moves throw when their number has come.
class ThrowsOnceCopied {
 public:
  ThrowsOnceCopied() = default;
  explicit ThrowsOnceCopied(int& left) : left_{&left} {}
  ThrowsOnceCopied(const ThrowsOnceCopied& other) : left_{other.left_} { count(); }
  ThrowsOnceCopied& operator=(const ThrowsOnceCopied&) = delete;

 private:
  void count() {
    if (left_ != nullptr && --*left_ == 0) throw std::runtime_error{"copied"};
  }
  int* left_ = nullptr;
};

Async<ThrowsOnceCopied> give_what_throws(int& left) { co_return ThrowsOnceCopied{left}; }

}  // namespace

TEST_CASE("a result that cannot be moved leaves nothing behind") {
  const bool is_serial = GENERATE(false, true);
  PlacedContext place{is_serial ? Place::SerialContext : Place::Context};
  const int copies = GENERATE(range(1, 10));
  CAPTURE(copies);
  int left = copies;
  int ends = 0;
  bool has_failed = false;
  give_what_throws(left)(asio::bind_executor(
      place.executor(), [&](std::exception_ptr thrown, const ThrowsOnceCopied&) {
        ++ends;
        has_failed = thrown != nullptr;
      }));
  int thrown = 0;
  for (int i = 0; i < 5; ++i) {
    try {
      place.settle();
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  }
  CHECK(place.context().stopped());
  CHECK(ends + thrown == 1);
  if (copies <= 2) CHECK(has_failed);  // what it threw itself, or on the way out of its frame
}
