// SPDX-License-Identifier: MIT
#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <cano/async/mailbox.hpp>
#include <cano/async/sleep.hpp>
#include <cano/async/timeout.hpp>
#include <cano/async/when_all.hpp>
#include <cano/async/when_any.hpp>
#include <cano/async/yield_now.hpp>

#include "support/async.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

// Of its own, since other files of the program name their coroutines alike.
namespace mailbox_tests {

using cano::Async;
using cano::Duration;
using cano::Errc;
using cano::Mailbox;
using cano::sleep_for;
using cano::when_all;
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

Async<std::vector<int>> receive_some(Mailbox<int>& box, std::size_t count) {
  std::vector<int> values;
  while (values.size() < count)
    values.push_back(co_await box.receive());
  co_return values;
}
Async<void> note_next(Mailbox<int>& box, std::string name, std::string& log, Alive) {
  const int value = co_await box.receive();
  log += name + std::to_string(value) + ' ';
}
Async<void> send_after(Duration duration, Mailbox<int>& box, int value) {
  co_await sleep_for(duration);
  box.send(value);
}
Async<int> count_signals(Mailbox<>& box) {
  int count = 0;
  while (co_await box.receive_for(1s))
    ++count;
  co_return count;
}
// Values until a negative one, which it passes on.
Async<std::vector<int>> receive_all(Mailbox<int>& box) {
  std::vector<int> values;
  for (;;) {
    const int value = co_await box.receive();
    if (value < 0) {
      box.send(value);
      co_return values;
    }
    values.push_back(value);
  }
}
// Asks with a limit so short that it often passes.
Async<std::vector<int>> receive_hastily(Mailbox<int>& box) {
  std::vector<int> values;
  for (;;) {
    const auto value = co_await box.receive_for(1us);
    if (!value) continue;
    if (*value < 0) {
      box.send(*value);
      co_return values;
    }
    values.push_back(*value);
  }
}
// Races the mailbox against something that is often sooner.
Async<std::vector<int>> receive_racing(Mailbox<int>& box) {
  std::vector<int> values;
  for (;;) {
    const auto first = co_await cano::when_any(box.receive(), sleep_for(1us));
    if (first.index() == 1) continue;
    const int value = std::get<0>(first);
    if (value < 0) {
      box.send(value);
      co_return values;
    }
    values.push_back(value);
  }
}
Async<int> last_of(Mailbox<int>& box) {
  int last = 0;
  while (last >= 0)
    last = co_await box.receive();
  co_return last;
}

}  // namespace

TEST_CASE("a mailbox gives values in the order in which they were sent") {
  SerialClock fixture;
  Mailbox<int> box;
  SECTION("before a receiver waits") {
    for (const int value : {1, 2, 3})
      box.send(value);
    CHECK(fixture.run(receive_some(box, 3)) == std::vector{1, 2, 3});
  }
  SECTION("while a receiver waits") {
    StartedAsync started{fixture.get_executor(), receive_some(box, 3)};
    for (const int value : {1, 2, 3}) {
      fixture.settle();
      CHECK_FALSE(started.has_ended);
      box.send(value);
    }
    fixture.settle();
    CHECK(started.result() == std::vector{1, 2, 3});
  }
  SECTION("from the same loop") {
    const auto [values, sent, later] =
        fixture.run(when_all(receive_some(box, 2), send_after(0s, box, 1), send_after(1s, box, 2)));
    CHECK(values == std::vector{1, 2});
    CHECK(fixture.elapsed() == 1s);
  }
}

TEST_CASE("the first receiver to wait is the first to receive") {
  SerialClock fixture;
  Mailbox<int> box;
  std::string log;
  std::atomic<int> alive{0};
  StartedAsync a{fixture.get_executor(), note_next(box, "a", log, Alive{alive})};
  StartedAsync b{fixture.get_executor(), note_next(box, "b", log, Alive{alive})};
  StartedAsync c{fixture.get_executor(), note_next(box, "c", log, Alive{alive})};
  fixture.settle();
  SECTION("") {
    for (const int value : {1, 2, 3})
      box.send(value);
    fixture.settle();
    CHECK(log == "a1 b2 c3 ");
  }
  SECTION("but for those that were cancelled meanwhile") {
    fixture.run_here([&] {
      b.cancel();
      for (const int value : {1, 2, 3})
        box.send(value);
    });
    CHECK(b.was_aborted());
    CHECK(log == "a1 c2 ");
    CHECK(fixture.run(box.receive()) == 3);
  }
  SECTION("and the value of one that is cancelled on its way goes to the next") {
    fixture.run_here([&] {
      box.send(1);
      box.send(2);
      a.cancel();
    });
    CHECK(a.was_aborted());
    CHECK(log == "b2 c1 ");
  }
  SECTION("and values that come back keep their order") {
    fixture.run_here([&] {
      for (const int value : {1, 2, 3, 4})
        box.send(value);
      b.cancel();
      c.cancel();
      a.cancel();
    });
    CHECK(log.empty());
    CHECK(fixture.run(receive_some(box, 4)) == std::vector{1, 2, 3, 4});
  }
}

TEST_CASE("receive_for waits so long and no longer") {
  SerialClock fixture;
  Mailbox<int> box;
  SECTION("and gives nothing") {
    CHECK_FALSE(fixture.run(box.receive_for(2s)));
    CHECK(fixture.elapsed() == 2s);
    box.send(1);
    CHECK(fixture.run(box.receive()) == 1);
  }
  SECTION("or what came") {
    const auto [value, sent] = fixture.run(when_all(box.receive_for(2s), send_after(1s, box, 1)));
    CHECK(value == 1);
    CHECK(fixture.elapsed() == 1s);
  }
  SECTION("also what came at the very time") {
    const auto [sent, value] = fixture.run(when_all(send_after(2s, box, 1), box.receive_for(2s)));
    CHECK((value == 1 || fixture.run(box.receive()) == 1));
  }
  SECTION("also what was on its way when the time passed") {
    StartedAsync started{fixture.get_executor(), box.receive_for(1s)};
    fixture.settle();
    box.send(1);
    fixture.run_until(5s);
    CHECK(started.result() == 1);
  }
  SECTION("or not at all") {
    box.send(1);
    CHECK(fixture.run(box.receive_for(Duration{-1})) == 1);
    CHECK_FALSE(fixture.run(box.receive_for(0s)));
  }
  SECTION("or for ever") {
    const auto [value, sent] =
        fixture.run(when_all(box.receive_for(Duration::max()), send_after(1h, box, 1)));
    CHECK(value == 1);
  }
}

TEST_CASE("a value survives a timeout and a lost race") {
  SerialClock fixture;
  Mailbox<int> box;
  StartedAsync started{fixture.get_executor(), cano::timeout(1s, box.receive())};
  fixture.settle();
  fixture.run_here([&] {
    box.send(1);
    started.cancel();
  });
  CHECK(started.was_aborted());
  CHECK(fixture.run(box.receive()) == 1);
}

TEST_CASE("cancelling a receive") {
  SerialClock fixture;
  Mailbox<int> box;
  SECTION("before it begins") {
    StartedAsync started{fixture.get_executor(), box.receive()};
    started.cancel();
    fixture.settle();
    CHECK(started.was_aborted());
  }
  SECTION("while it waits with a limit") {
    StartedAsync started{fixture.get_executor(), box.receive_for(1s)};
    fixture.settle();
    started.cancel();
    fixture.settle();
    CHECK(started.was_aborted());
    CHECK(fixture.elapsed() == 0s);
  }
  SECTION("that need not wait does nothing") {
    box.send(1);
    StartedAsync started{fixture.get_executor(), box.receive()};
    started.cancel();
    fixture.settle();
    CHECK(started.result() == 1);
  }
}

TEST_CASE("a mailbox of signals") {
  SerialClock fixture;
  Mailbox<> box;
  for (int i = 0; i < 3; ++i)
    box.send();
  fixture.run(box.receive());
  CHECK(fixture.run(count_signals(box)) == 2);
  static_assert(std::is_same_v<decltype(box.receive()), Async<void>>);
  static_assert(std::is_same_v<decltype(box.receive_for(1s)), Async<bool>>);
}

TEST_CASE("a mailbox of what can only be moved") {
  SerialClock fixture;
  Mailbox<MoveOnly> box;
  box.send(MoveOnly{1});
  box.send(MoveOnly{2});
  box.send(MoveOnly{3});
  CHECK(*fixture.run(box.receive()).value == 1);
  CHECK(*fixture.run(box.receive_for(1s))->value == 2);
}

TEST_CASE("a mailbox of booleans and of optionals") {
  SerialClock fixture;
  Mailbox<bool> booleans;
  booleans.send(false);
  CHECK(fixture.run(booleans.receive_for(1s)) == false);
  CHECK(fixture.run(booleans.receive_for(1s)) == std::nullopt);
  Mailbox<std::optional<int>> optionals;
  optionals.send(std::nullopt);
  CHECK(fixture.run(optionals.receive_for(1s)).has_value());
}

TEST_CASE("a mailbox that is destroyed ends the receivers that wait") {
  SerialClock fixture;
  auto box = std::make_unique<Mailbox<int>>();
  StartedAsync waits{fixture.get_executor(), box->receive()};
  StartedAsync limited{fixture.get_executor(), box->receive_for(1h)};
  fixture.settle();
  auto later = box->receive();
  SECTION("with an error") {
    box.reset();
    fixture.settle();
    CHECK(error_of([&] { waits.result(); }).errc() == Errc::Cancelled);
    CHECK(error_of([&] { limited.result(); }).errc() == Errc::Cancelled);
    CHECK(error_of([&] { fixture.run(std::move(later)); }).errc() == Errc::Cancelled);
  }
  SECTION("but for a value on its way") {
    box->send(1);
    box.reset();
    fixture.settle();
    CHECK(waits.result() == 1);
    CHECK(error_of([&] { limited.result(); }).errc() == Errc::Cancelled);
  }
  CHECK(fixture.elapsed() == 0s);
}

TEST_CASE("a receiver destroyed with its context leaves its value to the next") {
  std::atomic<int> alive{0};
  std::string log;
  Mailbox<int> box;
  SerialClock other;
  {
    SerialClock fixture;
    StartedAsync first{fixture.get_executor(), note_next(box, "a", log, Alive{alive})};
    StartedAsync second{fixture.get_executor(), note_next(box, "b", log, Alive{alive})};
    fixture.settle();
    StartedAsync third{other.get_executor(), note_next(box, "c", log, Alive{alive})};
    other.settle();
    box.send(1);
    SECTION("that was on its way to both") { box.send(2); }
    SECTION("that was on its way to one") {}
    fixture.destroy();
    CHECK_FALSE(first.has_ended);
    CHECK_FALSE(second.has_ended);
    other.settle();
    CHECK(third.has_ended);
  }
  CHECK((log == "c1 " || log == "c2 "));
  CHECK(alive == 0);
}

TEST_CASE("a receiver waits in a context that is destroyed while others send") {
  std::atomic<int> alive{0};
  std::string log;
  for (int round = 0; round < 200; ++round) {
    Mailbox<int> box;
    StrandClock strand;
    SerialClock serial;
    StartedAsync a{strand.get_executor(), note_next(box, "a", log, Alive{alive})};
    StartedAsync b{serial.get_executor(), note_next(box, "b", log, Alive{alive})};
    strand.settle();
    serial.settle();
    std::atomic<bool> has_begun{false};
    std::thread sender{[&] {
      has_begun = true;
      for (int i = 0; i < 3; ++i)
        box.send(i);
    }};
    while (!has_begun)
      std::this_thread::yield();
    strand.destroy();
    serial.destroy();
    sender.join();
    SerialClock other;
    CHECK(other.run(receive_some(box, 3)) == std::vector{0, 1, 2});
  }
  CHECK(log.empty());
  CHECK(alive == 0);
}

TEST_CASE("many threads send to many receivers: nothing is lost, nothing comes twice") {
  constexpr int senders = 4;
  constexpr int each = 500;
  asio::thread_pool pool{4};
  Mailbox<int> box;
  std::vector<std::future<std::vector<int>>> receivers;
  receivers.push_back(asio::co_spawn(pool, receive_all(box), asio::use_future));
  receivers.push_back(asio::co_spawn(pool, receive_all(box), asio::use_future));
  receivers.push_back(asio::co_spawn(pool, receive_hastily(box), asio::use_future));
  receivers.push_back(asio::co_spawn(pool, receive_racing(box), asio::use_future));
  std::vector<std::thread> threads;
  for (int sender = 0; sender < senders; ++sender) {
    threads.emplace_back([&box, sender] {
      for (int i = 0; i < each; ++i)
        box.send(sender * each + i);
    });
  }
  for (auto& thread : threads)
    thread.join();
  box.send(-1);
  std::vector<int> seen(senders * each, 0);
  for (auto& receiver : receivers)
    for (const int value : receiver.get())
      ++seen[static_cast<std::size_t>(value)];
  pool.join();
  CHECK(seen == std::vector<int>(senders * each, 1));
}

TEST_CASE("receivers are cancelled while others send: nothing is lost") {
  asio::thread_pool pool{4};
  constexpr int count = 300;
  Mailbox<int> box;
  std::thread sender{[&] {
    for (int i = 0; i < count; ++i)
      box.send(1);
  }};
  int received = 0;
  for (int i = 0; i < count; ++i) {
    asio::cancellation_signal signal;
    const auto strand = asio::make_strand(pool);
    auto end = asio::co_spawn(strand, box.receive(),
                              asio::bind_cancellation_slot(signal.slot(), asio::use_future));
    asio::post(strand, [&] { signal.emit(asio::cancellation_type::terminal); });
    try {
      received += end.get();
    } catch (const boost::system::system_error&) {
    }
    asio::post(strand, asio::use_future).get();  // the signal is not used any more
  }
  sender.join();
  pool.join();
  SerialClock fixture;
  while (fixture.run(box.receive_for(0s)))
    ++received;
  CHECK(received == count);
}

TEST_CASE("the receiver of the last value may destroy the mailbox") {
  asio::thread_pool pool{2};
  for (int i = 0; i < 200; ++i) {
    auto box = std::make_unique<Mailbox<int>>();
    auto last = asio::co_spawn(pool, last_of(*box), asio::use_future);
    std::thread sender{[&box = *box] { box.send(-1); }};
    CHECK(last.get() == -1);
    if (i % 2 == 0) box.reset();
    sender.join();
  }
}

}  // namespace mailbox_tests
