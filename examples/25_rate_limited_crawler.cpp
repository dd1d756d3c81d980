// SPDX-License-Identifier: MIT
// A crawler that is polite: at most two connections at once, and five requests a second. All pages
// are runs of one workflow, whose task has both limits. When the server is down for a while, a
// circuit breaker keeps the crawler from knocking at its door.

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/limit/circuit_breaker.hpp>
#include <cano/limit/concurrency_limit.hpp>
#include <cano/limit/limit.hpp>
#include <cano/limit/rate_limit.hpp>
#include <cano/task/task_config.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/workflow.hpp>

using namespace std::chrono_literals;

// A made-up web site: which page links to which.
const std::map<std::string, std::vector<std::string>> site{
    {"/", {"/news", "/shop", "/about"}},
    {"/about", {"/", "/jobs"}},
    {"/jobs", {"/about"}},
    {"/news", {"/news/1", "/news/2", "/news/3"}},
    {"/news/1", {"/news"}},
    {"/news/2", {"/news", "/shop"}},
    {"/news/3", {"/news", "/news/1"}},
    {"/shop", {"/shop/cart", "/about"}},
    {"/shop/cart", {"/shop"}},
};

enum class State { Fetch, Done };

struct Page {
  std::string url;
  std::vector<std::string> links{};
};

class Server {
 public:
  explicit Server(const cano::VirtualTime& time) : time_{time} {}

  // Answers after 300 ms, unless it is down.
  cano::Async<std::vector<std::string>> get(std::string url) {
    most_at_once_ = std::max(most_at_once_, ++at_once_);
    std::cout << std::setw(5) << milliseconds() << " ms  " << url << '\n';
    co_await cano::sleep_for(300ms);
    --at_once_;
    if (milliseconds() > 1000 && milliseconds() < 4000) throw std::runtime_error{"out of order"};
    co_return site.at(url);
  }

  int most_at_once() const { return most_at_once_; }

 private:
  long milliseconds() const { return static_cast<long>(time_.elapsed() / 1ms); }

  const cano::VirtualTime& time_;
  int at_once_ = 0;
  int most_at_once_ = 0;
};

struct Fetch {
  Server& server;

  cano::Async<State> run(Page& page) const {
    page.links = co_await server.get(page.url);
    co_return State::Done;
  }
};

//! [limits]
cano::TaskConfig polite() {
  return cano::TaskConfig{}
      .with_fixed_retry(8, 500ms)
      .with_limit(cano::concurrency_limit(2))
      .with_limit(cano::rate_limit(5, 1s, 1))
      .with_circuit_breaker(
          cano::circuit_breaker({.name = "server", .consecutive = 2, .open_for = 2s}));
}
//! [limits]

//! [by_hand]
cano::Async<void> ping(cano::Limit& connections) {
  const cano::Permit permit = co_await connections.acquire();
  co_await cano::sleep_for(10ms);  // the connection is ours; it is given back at the end
}
//! [by_hand]

int main() {
  cano::VirtualTime time;
  Server server{time};
  const auto fetch = cano::Workflow<State, Page>{State::Fetch}
                         .add(State::Fetch, Fetch{server}, polite())
                         .add_exit_state(State::Done);
  const cano::ConcurrentWorkflow<State, Page> crawl{fetch};

  std::set<std::string> seen{"/"};
  std::vector<Page> pages{{"/"}};
  while (!pages.empty()) {
    time.run(crawl.execute_concurrent(pages, cano::WaitForever{}));
    std::vector<Page> next;
    for (const Page& page : pages) {
      for (const std::string& link : page.links)
        if (seen.insert(link).second) next.push_back({link});
    }
    pages = std::move(next);
  }
  std::cout << seen.size() << " pages, at most " << server.most_at_once() << " at once\n";

  const auto connections = cano::concurrency_limit(1);
  time.run(ping(*connections));
}
