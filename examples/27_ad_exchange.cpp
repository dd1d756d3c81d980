// SPDX-License-Identifier: MIT
// An ad exchange: a request for an advertisement passes several fans of work, each with a deadline.
// What is late does not count; what is not needed any more is cancelled, and has ended before the
// request goes on.

#include <chrono>
#include <iostream>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/compose/each.hpp>
#include <cano/compose/join.hpp>
#include <cano/compose/split.hpp>
#include <cano/task/task_config.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/workflow.hpp>

using namespace std::chrono_literals;
using cano::Async;
using cano::BranchResult;
using cano::Join;

enum class State { Enrich, Auction, Check, Serve, Fallback, Done };

struct Bidder {
  std::string name;
  cano::Duration delay{};
  int cents = 0;  // 0: the server fails
};

struct Bid {
  std::string bidder;
  int cents = 0;
};

struct Request {
  std::vector<Bidder> bidders;
  std::string region = "anywhere";
  bool is_known_user = false;
  std::optional<Bid> best{};
  std::string advertisement{};
};

// ---- what is known of the user: two kinds of answers, neither of which is worth a long wait

Async<std::string> look_up_region(const Request&) {
  co_await cano::sleep_for(8ms);
  co_return "Vienna";
}
Async<bool> look_up_user(const Request&) {
  co_await cano::sleep_for(1s);  // a bad day for that database
  co_return true;
}

State enrich(Request& request, BranchResult<std::string>& region, BranchResult<bool>& user) {
  if (region.is_success()) request.region = std::move(region.value());
  if (user.is_success()) request.is_known_user = user.value();
  std::cout << "user in " << request.region << ", "
            << (request.is_known_user ? "known" : "not known in time") << '\n';
  return State::Auction;
}

// ---- the auction: all bids that come in time; a server that fails is asked once more

//! [each]
Async<Bid> ask(const Bidder& bidder) {
  co_await cano::sleep_for(bidder.delay);
  if (bidder.cents == 0) throw std::runtime_error{"no bid"};
  co_return Bid{bidder.name, bidder.cents};
}

State choose(Request& request, std::span<BranchResult<Bid>> results) {
  for (auto& result : results) {
    if (!result.is_success()) {
      std::cout << request.bidders[result.index()].name << ": "
                << (result.is_failed() ? result.error_message() : "too late") << ", after "
                << result.attempts() << (result.attempts() == 1 ? " attempt" : " attempts") << '\n';
    } else if (!request.best || request.best->cents < result.value().cents) {
      request.best = std::move(result.value());
    }
  }
  return request.best ? State::Check : State::Fallback;
}

const auto auction = cano::each([](const Request& request) { return request.bidders; }, ask,
                                cano::TaskConfig{}.with_fixed_retry(1, 5ms))
                         .with_max_in_flight(4)
                         .join(Join::settled().within(100ms), choose);
//! [each]

// ---- the checks: two of three must agree, and the third is not waited for

//! [split]
template <int Milliseconds, bool IsFine> Async<bool> check(const Request&) {
  co_await cano::sleep_for(std::chrono::milliseconds{Milliseconds});
  if (!IsFine) throw std::runtime_error{"not allowed"};
  co_return true;
}

const auto once = cano::TaskConfig::minimal();
const auto checks = cano::split(cano::branch("malware", check<10, true>, once),
                                cano::branch("policy", check<15, false>, once),
                                cano::branch("brand", check<20, true>, once))
                        .join(Join::quorum(2).within(50ms), State::Serve);
//! [split]

// ---- the page: whichever copy comes first

Async<std::string> fetch_near(const Request& request) {
  co_await cano::sleep_for(30ms);
  co_return "from nearby, for " + request.best->bidder;
}
Async<std::string> fetch_far(const Request& request) {
  co_await cano::sleep_for(12ms);
  co_return "from far away, for " + request.best->bidder;
}

State serve(Request& request, std::vector<std::string> copies) {
  request.advertisement = std::move(copies.front());
  return State::Done;
}

State fall_back(Request& request) {
  request.advertisement = "our own";
  return State::Done;
}

int main() {
  const auto exchange =
      cano::Workflow<State, Request>{State::Enrich}
          .add(State::Enrich,
               cano::split(look_up_region, look_up_user).join(Join::settled().within(20ms), enrich))
          .add(State::Auction, auction)
          .add(State::Check, checks)
          .add(State::Serve, cano::split(fetch_near, fetch_far).join(Join::any(), serve))
          .add(State::Fallback, fall_back)
          .add_exit_state(State::Done);

  cano::VirtualTime time;
  const auto handle = [&](std::vector<Bidder> bidders) {
    const auto began = time.elapsed();
    Request request{std::move(bidders)};
    time.run(exchange.orchestrate(request));
    std::cout
        << "advertisement " << request.advertisement << ", after "
        << std::chrono::duration_cast<std::chrono::milliseconds>(time.elapsed() - began).count()
        << " ms\n";
  };
  handle({{"Alpha", 40ms, 120}, {"Beta", 60ms, 180}, {"Gamma", 1s, 900}, {"Delta", 10ms}});
  handle({{"Gamma", 1s, 900}});
}
