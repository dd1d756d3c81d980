// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <cano/async/async.hpp>
#include <cano/async/mailbox.hpp>
#include <cano/async/sleep.hpp>
#include <cano/compose/stream.hpp>
#include <cano/detail/exception_text.hpp>
#include <cano/error.hpp>
#include <cano/result.hpp>
#include <cano/task/next.hpp>
#include <cano/task/task_context.hpp>
#include <cano/testing/recording_observer.hpp>
#include <cano/testing/virtual_time.hpp>
#include <cano/workflow/workflow.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/error_of.hpp"

namespace stream_tests {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using cano::Async;
using cano::Errc;
using cano::ItemErrors;
using cano::TaskContext;
using engine::inside;
using engine::S;

/// What a source gives and when, and what became of it.
struct Pipe {
  std::vector<int> input{1, 2, 3, 4, 5, 6, 7};
  std::vector<std::chrono::milliseconds> pauses;  // before each item, and before the end
  std::vector<std::vector<int>> windows;
  std::vector<std::chrono::milliseconds> flushed_at;
  std::vector<std::size_t> opened_at;
  std::vector<std::string> log;
  int flushes = 0;
  int sources = 0;  // that are alive
  int reads = 0;    // that are under way
};
using Flow = cano::Workflow<S, Pipe>;
using Windows = std::vector<std::vector<int>>;
using Results = std::span<int>;

/// Reads the input; counts itself.
class Reader {
 public:
  explicit Reader(Pipe& pipe, std::size_t at = 0) : pipe_{&pipe}, at_{at} {
    ++pipe.sources;
    pipe.opened_at.push_back(at);
  }
  Reader(Reader&& other) noexcept : pipe_{std::exchange(other.pipe_, nullptr)}, at_{other.at_} {}
  Reader& operator=(Reader&&) = delete;
  ~Reader() {
    if (pipe_ != nullptr) --pipe_->sources;
  }
  std::size_t cursor() const { return at_; }

 protected:
  Pipe& pipe() const { return *pipe_; }
  std::optional<int> read() {
    if (at_ == pipe_->input.size()) return std::nullopt;
    return pipe_->input[at_++];
  }

 private:
  Pipe* pipe_;
  std::size_t at_;
};
struct Plain : Reader {
  using Reader::Reader;
  std::optional<int> next() { return read(); }
};
struct Slow : Reader {
  using Reader::Reader;
  Async<std::optional<int>> next() {
    const engine::Alive counted{pipe().reads};
    const std::size_t at = cursor();
    if (at < pipe().pauses.size()) co_await cano::sleep_for(pipe().pauses[at]);
    co_return read();
  }
};

/// One that is ahead of what it has given.
struct Eager : Reader {
  using Reader::Reader;
  Async<std::optional<int>> next() {
    const engine::Alive counted{pipe().reads};
    const std::size_t at = cursor();
    const std::optional<int> item = read();
    if (at < pipe().pauses.size()) co_await cano::sleep_for(pipe().pauses[at]);
    co_return item;
  }
};

template <class Source> Source open_at(Pipe& pipe, std::optional<std::size_t> cursor) {
  return Source{pipe, cursor.value_or(0)};
}
int twice(const int& item) { return 2 * item; }

/// Keeps the windows, and when they came.
class Keep {
 public:
  explicit Keep(cano::VirtualTime& time) : time_{&time} {}
  void operator()(Pipe& pipe, Results results) const {
    pipe.windows.emplace_back(results.begin(), results.end());
    pipe.flushed_at.push_back(
        std::chrono::duration_cast<std::chrono::milliseconds>(time_->elapsed()));
  }

 private:
  cano::VirtualTime* time_;
};

template <class Stream>
Flow flow_of(const Stream& stream, std::optional<cano::TaskConfig> config = {}) {
  return Flow{S::A}.add(S::A, stream, std::move(config)).add_exit_states({S::B, S::Done});
}
template <class Stream>
cano::WorkflowResult<S> run(cano::VirtualTime& time, Pipe& pipe, const Stream& stream,
                            std::optional<cano::TaskConfig> config = {},
                            cano::RunOptions options = {}) {
  auto result =
      time.run(flow_of(stream, std::move(config)).try_orchestrate(pipe, std::move(options)));
  CHECK(pipe.sources == 0);
  CHECK(pipe.reads == 0);
  return result;
}

TEST_CASE("results are flushed in windows of a count, the last one partly filled") {
  cano::VirtualTime time;
  const auto windows_of = [&](std::optional<std::size_t> count, std::size_t items) {
    Pipe pipe;
    pipe.input.resize(items);
    const auto stream =
        cano::stream(open_at<Plain>, twice, Keep{time}, {.window = {.count = count}});
    CHECK(run(time, pipe, stream.at_end(S::Done)).state() == S::Done);
    return pipe.windows;
  };
  CHECK(windows_of(3, 7) == Windows{{2, 4, 6}, {8, 10, 12}, {14}});
  CHECK(windows_of(3, 6) == Windows{{2, 4, 6}, {8, 10, 12}});
  CHECK(windows_of(9, 2) == Windows{{2, 4}});
  CHECK(windows_of(std::nullopt, 2) == Windows{{2}, {4}});
  CHECK(windows_of(3, 0) == Windows{});
}

TEST_CASE("a window is flushed at its time though the source is slow") {
  cano::VirtualTime time;
  const auto flushed = [&](cano::StreamWindow window,
                           std::vector<std::chrono::milliseconds> pauses) {
    cano::VirtualTime own;
    Pipe pipe;
    pipe.input.resize(pauses.size() - 1);
    pipe.pauses = std::move(pauses);
    const auto stream = cano::stream(open_at<Slow>, twice, Keep{own}, {.window = window});
    CHECK(run(own, pipe, stream.at_end(S::Done)).is_success());
    return std::pair{pipe.windows, pipe.flushed_at};
  };
  using Times = std::vector<std::chrono::milliseconds>;
  // Its time begins with its first item; nothing is lost of the read that goes on meanwhile.
  CHECK(flushed({.within = 25ms}, {10ms, 10ms, 100ms, 1ms, 1ms}) ==
        std::pair{Windows{{2, 4}, {6, 8}}, Times{35ms, 122ms}});
  // What comes at the very moment belongs to it.
  CHECK(flushed({.within = 25ms}, {10ms, 25ms, 1h}) == std::pair{Windows{{2, 4}}, Times{35ms}});
  // Whichever comes first.
  CHECK(flushed({.count = 2, .within = 25ms}, {10ms, 10ms, 1ms, 100ms, 0ms}) ==
        std::pair{Windows{{2, 4}, {6}, {8}}, Times{20ms, 46ms, 121ms}});
  // No items: no windows.
  CHECK(flushed({.within = 25ms}, {1h}) == std::pair{Windows{}, Times{}});
}

TEST_CASE("a read goes on while the window before it is flushed") {
  cano::VirtualTime time;
  Pipe pipe;
  pipe.input = {1, 2, 3};
  pipe.pauses = {0ms, 50ms, 0ms, 0ms};
  const auto slow_flush = [&](Pipe& p, Results results) -> Async<void> {
    Keep{time}(p, results);
    co_await cano::sleep_for(100ms);
  };
  const auto stream = cano::stream(open_at<Slow>, twice, slow_flush, {.window = {.within = 10ms}});
  CHECK(run(time, pipe, stream.at_end(S::Done)).is_success());
  CHECK(pipe.windows == Windows{{2}, {4, 6}});
  CHECK(pipe.flushed_at == std::vector<std::chrono::milliseconds>{10ms, 110ms});
}

TEST_CASE("slow work on an item counts for the time of its window") {
  cano::VirtualTime time;
  Pipe pipe;
  const auto work = [](const int& item) -> Async<int> {
    co_await cano::sleep_for(10ms);
    co_return item;
  };
  const auto stream = cano::stream(open_at<Plain>, work, Keep{time}, {.window = {.within = 25ms}});
  CHECK(run(time, pipe, stream.at_end(S::Done)).is_success());
  CHECK(pipe.windows == Windows{{1, 2, 3}, {4, 5, 6}, {7}});
}

TEST_CASE("without at_end the flush is asked once more, with nothing, where the run goes on") {
  cano::VirtualTime time;
  const auto decides = [](Pipe& pipe, Results results) -> std::optional<S> {
    pipe.windows.emplace_back(results.begin(), results.end());
    if (!results.empty()) return std::nullopt;
    return pipe.windows.size() > 1 ? S::Done : S::B;
  };
  const auto stream = cano::stream(open_at<Plain>, twice, decides, {.window = {.count = 5}});
  Pipe pipe;
  CHECK(run(time, pipe, stream).state() == S::Done);
  CHECK(pipe.windows == Windows{{2, 4, 6, 8, 10}, {12, 14}, {}});
  Pipe empty;
  empty.input.clear();
  CHECK(run(time, empty, stream).state() == S::B);

  const auto never = [](Pipe& p, Results) -> std::optional<S> {
    ++p.flushes;
    return std::nullopt;
  };
  Pipe lost;
  const auto failed = run(time, lost, cano::stream(open_at<Plain>, twice, never));
  CHECK(inside(failed.error()).errc() == Errc::Configuration);
  CHECK(inside(failed.error()).message() ==
        "stream: state A: the source has ended, and neither the flush nor at_end says where the "
        "run goes on");
  CHECK(lost.flushes == 8);
}

TEST_CASE("a flush may leave before the source has ended; the read under way is joined") {
  cano::VirtualTime time;
  Pipe pipe;
  pipe.pauses = {0ms, 1h};
  const auto enough = [](Pipe&, Results) -> std::optional<S> { return S::B; };
  const auto stream = cano::stream(open_at<Slow>, twice, enough, {.window = {.within = 10ms}});
  CHECK(run(time, pipe, stream.at_end(S::Done)).state() == S::B);
  CHECK(time.elapsed() == 10ms);
  const auto last = [](Pipe& p, Results) -> Async<cano::Result<std::optional<S>>> {
    if (++p.flushes == 2) co_return cano::Error{Errc::Store, "full"};
    co_return std::optional<S>{};
  };
  CHECK(inside(run(time, pipe, cano::stream(open_at<Plain>, twice, last)).error()).errc() ==
        Errc::Store);
}

TEST_CASE("an item that fails fails the window, or is skipped to the log or a sink") {
  cano::VirtualTime time;
  const auto odd_fails = [](const int& item) {
    if (item % 2 != 0) throw std::runtime_error{"odd " + std::to_string(item)};
    return item;
  };
  const auto later = [](const int& item) -> Async<cano::Result<int>> {
    co_await cano::sleep_for(1ms);
    if (item % 2 != 0) co_return cano::Error{Errc::Generic, "odd " + std::to_string(item)};
    co_return item;
  };
  const auto check = [&](const auto& work) {
    Pipe pipe;
    const auto failed =
        run(time, pipe, cano::stream(open_at<Plain>, work, Keep{time}).at_end(S::Done));
    CHECK(failed.is_failed());
    CHECK(cano::detail::exception_text(failed.error()).find("odd 1") != std::string::npos);
    const cano::StreamOptions skips{.window = {.count = 2}, .on_item_error = ItemErrors::skip()};
    const auto stream = cano::stream(open_at<Plain>, work, Keep{time}, skips).at_end(S::Done);
    const auto recorded = std::make_shared<cano::RecordingObserver>();
    CHECK(time.run(flow_of(stream).with_observer(recorded).try_orchestrate(pipe)).is_success());
    CHECK(pipe.windows == Windows{{2, 4}, {6}});
    std::size_t warnings = 0;
    for (const auto& seen : recorded->events())
      if (seen.text().find("an item was skipped") != std::string::npos) ++warnings;
    CHECK(warnings == 4);
    const auto sink = [](Pipe& p, const int& item, const std::exception_ptr& why) {
      p.log.push_back(std::to_string(item) + ": " + cano::detail::exception_text(why));
    };
    CHECK(run(time, pipe, stream.on_skipped(sink)).is_success());
    REQUIRE(pipe.log.size() == 4);
    CHECK(pipe.log[1].find("3: ") == 0);
    CHECK(pipe.log[1].find("odd 3") != std::string::npos);
    const auto slow_sink = [](Pipe& p, const int&, const std::exception_ptr&) -> Async<void> {
      co_await cano::sleep_for(1s);
      p.log.emplace_back("late");
    };
    const auto began = time.elapsed();
    CHECK(run(time, pipe, stream.on_skipped(slow_sink)).is_success());
    CHECK(time.elapsed() - began >= 4s);
    const auto broken = [](Pipe&, const int&, const std::exception_ptr&) {
      throw std::runtime_error{"sink"};
    };
    CHECK(inside<std::runtime_error>(run(time, pipe, stream.on_skipped(broken)).error()).what() ==
          std::string{"sink"});
  };
  check(odd_fails);
  check(later);
}

TEST_CASE("an item may be retried before it is skipped, or fails the window") {
  cano::VirtualTime time;
  const auto shaky = [](Pipe& pipe, const int& item, TaskContext& context) {
    pipe.log.push_back(std::to_string(item) + '/' + std::to_string(context.attempt()));
    if (item == 2 || (item == 1 && context.attempt() < 3)) throw std::runtime_error{"busy"};
    if (item == 3) throw std::logic_error{"wrong"};  // no retry mends that
    return item;
  };
  const cano::RetryPolicy policy = cano::RetryPolicy::fixed(2, 10ms);
  Pipe pipe;
  pipe.input = {1, 2, 3, 4};
  cano::StreamOptions options{.window = {.count = 9},
                              .on_item_error = ItemErrors::skip().with_retry(policy)};
  const auto skips = cano::stream(open_at<Plain>, shaky, Keep{time}, options).at_end(S::Done);
  CHECK(run(time, pipe, skips).is_success());
  CHECK(pipe.windows == Windows{{1, 4}});
  CHECK(pipe.log ==
        std::vector<std::string>{"1/1", "1/2", "1/3", "2/1", "2/2", "2/3", "3/1", "4/1"});
  CHECK(time.elapsed() == 40ms);
  options.on_item_error = ItemErrors::fail().with_retry(policy);
  pipe.log.clear();
  const auto fails = cano::stream(open_at<Plain>, shaky, Keep{time}, options).at_end(S::Done);
  CHECK(inside<std::runtime_error>(run(time, pipe, fails).error()).what() == std::string{"busy"});
  CHECK(pipe.log.size() == 6);
}

TEST_CASE("a window that fails is read again from the last one that was flushed") {
  cano::VirtualTime time;
  const auto shaky = [](Pipe& pipe, Results results) {
    ++pipe.flushes;
    if (pipe.flushes == 2 || pipe.flushes == 3 || pipe.flushes == 5) {
      throw std::runtime_error{"database is locked"};
    }
    pipe.windows.emplace_back(results.begin(), results.end());
  };
  const auto check = [&](const auto& open, const cano::StreamWindow& window) {
    Pipe pipe;
    pipe.pauses.assign(8, 1ms);
    const auto stream = cano::stream(open, twice, shaky, {.window = window}).at_end(S::Done);
    CHECK(run(time, pipe, stream, engine::retries(2, 10ms)).is_success());
    CHECK(pipe.windows == Windows{{2, 4, 6}, {8, 10, 12}, {14}});
    CHECK(pipe.opened_at == std::vector<std::size_t>{0, 3, 3, 6});
  };
  check(open_at<Plain>, {.count = 3});
  check(open_at<Slow>, {.count = 3});
  check(open_at<Slow>, {.count = 3, .within = 1h});

  // Each window has its own attempts; one more failure in a row is too many.
  Pipe pipe;
  const auto stream =
      cano::stream(open_at<Plain>, twice, shaky, {.window = {.count = 3}}).at_end(S::Done);
  CHECK(run(time, pipe, stream, engine::retries(1, 10ms)).is_failed());
  CHECK(pipe.windows == Windows{{2, 4, 6}});
}

TEST_CASE("a window that is flushed by its time keeps the cursor before the read under way") {
  cano::VirtualTime time;
  const auto shaky = [](Pipe& p, Results results) {
    if (++p.flushes == 2) throw std::runtime_error{"busy"};
    p.windows.emplace_back(results.begin(), results.end());
  };
  const auto check = [&](const auto& open) {
    Pipe pipe;
    pipe.input = {1, 2, 3};
    pipe.pauses = {0ms, 50ms, 0ms};
    const auto stream = cano::stream(open, twice, shaky, {.window = {.within = 10ms}});
    CHECK(run(time, pipe, stream.at_end(S::Done), engine::retries(1, 1ms)).is_success());
    CHECK(pipe.windows == Windows{{2}, {4, 6}});
    CHECK(pipe.opened_at == std::vector<std::size_t>{0, 1});
  };
  check(open_at<Slow>);
  check(open_at<Eager>);
}

TEST_CASE("without a cursor a retry begins from the beginning") {
  cano::VirtualTime time;
  struct Restless {
    Pipe* pipe;
    std::size_t at = 0;
    std::optional<int> next() {
      if (++pipe->reads == 3) throw std::runtime_error{"connection reset"};
      if (at == 3) return std::nullopt;
      return pipe->input[at++];
    }
  };
  const auto open = [](Pipe& p) {
    ++p.flushes;
    return Restless{&p};
  };
  Pipe pipe;
  const auto stream = cano::stream(open, twice, Keep{time}).at_end(S::Done);
  CHECK(time.run(flow_of(stream, engine::retries(1)).try_orchestrate(pipe)).is_success());
  CHECK(pipe.windows == Windows{{2}, {4}, {2}, {4}, {6}});
  CHECK(pipe.flushes == 2);
}

TEST_CASE("a stream is cancelled wherever it waits, and joins what is under way") {
  const auto stopped_after = [](std::chrono::milliseconds when, const auto& stream, Pipe& pipe) {
    cano::VirtualTime time;
    std::stop_source stop;
    engine::after(time, when, [&] { stop.request_stop(); });
    const auto result = run(time, pipe, stream, {}, cano::RunOptions{}.with_stop(stop.get_token()));
    CHECK(result.is_cancelled());
    CHECK(time.elapsed() == when);
  };
  const auto slow_flush = [](Pipe& p, Results) -> Async<void> {
    ++p.flushes;
    co_await cano::sleep_for(1h);
  };
  const cano::StreamOptions timed{.window = {.within = 10ms}, .on_item_error = ItemErrors::skip()};
  const auto stream = cano::stream(open_at<Slow>, twice, slow_flush, timed).at_end(S::Done);
  Pipe pipe;
  pipe.pauses = {1h};
  stopped_after(5ms, stream, pipe);  // in the first read
  CHECK(pipe.flushes == 0);
  pipe.pauses = {0ms, 1h};
  stopped_after(5ms, stream, pipe);  // in a read, with items in the window
  CHECK(pipe.flushes == 0);
  stopped_after(50ms, stream, pipe);  // in a flush, with a read under way
  CHECK(pipe.flushes == 1);
  const auto slow_work = [](Pipe& p, const int& item) -> Async<int> {
    p.log.emplace_back("began");
    co_await cano::sleep_for(1h);
    co_return item;
  };
  const auto sink = [](Pipe& p, const int&, const std::exception_ptr&) {
    p.log.emplace_back("skipped");
  };
  const auto working = cano::stream(open_at<Plain>, slow_work, slow_flush, timed);
  stopped_after(5ms, working.at_end(S::Done).on_skipped(sink), pipe);
  CHECK(pipe.log == std::vector<std::string>{"began"});  // a stop is no error of the item
}

TEST_CASE("items that never wait let others run, and are cancelled between two") {
  cano::VirtualTime time;
  struct Endless {
    int at = 0;
    std::optional<int> next() { return at++; }
  };
  std::stop_source stop;
  asio::post(time.get_executor(),
             [&] { asio::post(time.get_executor(), [&] { stop.request_stop(); }); });
  const auto flush = [](Pipe& pipe, Results results) {
    pipe.flushes += static_cast<int>(results.size());
  };
  Pipe pipe;
  const auto stream =
      cano::stream([](Pipe&) { return Endless{}; }, twice, flush, {.window = {.count = 1'000'000}});
  const auto flow = flow_of(stream.at_end(S::Done));
  CHECK(time.run(flow.try_orchestrate(pipe, cano::RunOptions{}.with_stop(stop.get_token())))
            .is_cancelled());
  CHECK(pipe.flushes == 0);
  const auto one = cano::stream([](Pipe&) { return Endless{}; }, twice, flush).at_end(S::Done);
  std::stop_source other;
  asio::post(time.get_executor(),
             [&] { asio::post(time.get_executor(), [&] { other.request_stop(); }); });
  CHECK(
      time.run(flow_of(one).try_orchestrate(pipe, cano::RunOptions{}.with_stop(other.get_token())))
          .is_cancelled());
}

TEST_CASE("the attempt timeout is for each window, the timeout for all") {
  cano::VirtualTime time;
  Pipe pipe;
  pipe.pauses = {10ms, 10ms, 10ms, 10ms, 1h};
  const cano::StreamOptions options{.window = {.count = 2, .within = 1h}};
  const auto stream = cano::stream(open_at<Slow>, twice, Keep{time}, options).at_end(S::Done);
  auto result = run(time, pipe, stream, engine::once().with_attempt_timeout(25ms));
  CHECK(inside(result.error()).message() ==
        "The attempt timeout of 25 ms passed in state A, attempt 1 of 1");
  CHECK(pipe.windows == Windows{{2, 4}, {6, 8}});
  CHECK(time.elapsed() == 65ms);
  result = run(time, pipe, stream, engine::once().with_timeout(35ms));
  CHECK(inside(result.error()).errc() == Errc::Timeout);
  CHECK(time.elapsed() == 100ms);
}

TEST_CASE("a context that goes takes a stream with it that waits") {
  Pipe pipe;
  pipe.pauses = {0ms, 1h};
  int flushing = 0;
  const auto flush = [&](Pipe&, Results) -> Async<void> {
    const engine::Alive counted{flushing};
    co_await cano::sleep_for(1h);
  };
  for (const auto until : {1ms, 20ms}) {  // in a read; in a flush, with a read under way
    const auto flow = flow_of(
        cano::stream(open_at<Slow>, twice, flush, {.window = {.within = 10ms}}).at_end(S::Done));
    {
      cano::VirtualTime time;
      asio::co_spawn(time.get_executor(), flow.orchestrate(pipe), asio::detached);
      time.run_for(until);
      CHECK(pipe.reads == 1);
      CHECK(flushing == (until == 20ms ? 1 : 0));
    }
    CHECK(pipe.reads == 0);
    CHECK(flushing == 0);
    CHECK(pipe.sources == 0);
  }
}

TEST_CASE("a source may be owned elsewhere, and each function of any kind") {
  cano::VirtualTime time;
  Pipe pipe;
  struct Text {
    std::vector<std::unique_ptr<std::string>> lines;
    asio::awaitable<cano::Result<std::optional<std::unique_ptr<std::string>>>> next() {
      if (lines.empty()) co_return std::optional<std::unique_ptr<std::string>>{};
      auto line = std::move(lines.back());
      lines.pop_back();
      co_return std::optional{std::move(line)};
    }
  };
  Text text;
  const auto refill = [&] {
    text.lines.push_back(std::make_unique<std::string>("x"));
    text.lines.push_back(std::make_unique<std::string>("yy"));
  };
  const auto size = [](const std::unique_ptr<std::string>& line) -> asio::awaitable<std::size_t> {
    co_return line->size();
  };
  const auto total = [](Pipe& p, std::span<const std::size_t> sizes) -> asio::awaitable<void> {
    for (const std::size_t each : sizes)
      p.flushes += static_cast<int>(each);
    co_return;
  };
  const auto check = [&](const auto& open, const cano::StreamWindow& window) {
    refill();
    pipe.flushes = 0;
    CHECK(run(time, pipe, cano::stream(open, size, total, {.window = window}).at_end(S::Done))
              .is_success());
    CHECK(pipe.flushes == 3);
    CHECK(text.lines.empty());
  };
  check([&](Pipe&) -> Text& { return text; }, {});
  check([&](Pipe&) { return &text; }, {.within = 1s});
  check(
      [&](const Pipe&, TaskContext&) -> Async<std::shared_ptr<Text>> {
        co_return std::shared_ptr<Text>{&text, [](Text*) {}};
      },
      {.count = 2});
  check([&](Pipe&) -> cano::Result<Text*> { return &text; }, {.count = 5});
  const auto refused = [](Pipe&) -> cano::Result<Text*> { return cano::Error{Errc::Store, "no"}; };
  const auto failed = run(time, pipe, cano::stream(refused, size, total).at_end(S::Done));
  CHECK(inside(failed.error()).errc() == Errc::Store);
}

TEST_CASE("results may be flags, or nothing at all") {
  cano::VirtualTime time;
  Pipe pipe;
  const auto is_even = [](const int& item) { return item % 2 == 0; };
  const auto count = [](Pipe& p, std::span<bool> flags) {
    for (const bool flag : flags)
      p.flushes += flag ? 1 : 0;
  };
  CHECK(run(time, pipe,
            cano::stream(open_at<Plain>, is_even, count, {.window = {.count = 4}}).at_end(S::Done))
            .is_success());
  CHECK(pipe.flushes == 3);
  const auto note = [](Pipe& p, const int& item) { p.log.push_back(std::to_string(item)); };
  const auto nothing = [](Pipe& p, std::span<std::monostate> all) {
    p.opened_at.push_back(all.size());
  };
  pipe.opened_at.clear();
  CHECK(run(time, pipe,
            cano::stream(open_at<Plain>, note, nothing, {.window = {.count = 5}}).at_end(S::Done))
            .is_success());
  CHECK(pipe.log.size() == 7);
  CHECK(pipe.opened_at == std::vector<std::size_t>{0, 5, 2});
}

TEST_CASE("a mailbox is a source: what comes from outside is flushed in time") {
  cano::VirtualTime time;
  struct Inbox {
    cano::Mailbox<std::optional<int>>* mail;
    Async<std::optional<int>> next() { return mail->receive(); }
  };
  cano::Mailbox<std::optional<int>> mail;
  for (const auto& [when, what] :
       std::vector<std::pair<std::chrono::milliseconds, std::optional<int>>>{
           {5ms, 1}, {7ms, 2}, {40ms, 3}, {60ms, std::nullopt}}) {
    engine::after(time, when, [&mail, mailed = what] { mail.send(mailed); });
  }
  Pipe pipe;
  const auto stream = cano::stream([&](Pipe&) { return Inbox{&mail}; }, twice, Keep{time},
                                   {.window = {.within = 10ms}});
  CHECK(run(time, pipe, stream.at_end(S::Done)).is_success());
  CHECK(pipe.windows == Windows{{2, 4}, {6}});
  CHECK(pipe.flushed_at == std::vector<std::chrono::milliseconds>{15ms, 50ms});
}

TEST_CASE("a stream shows where it may lead to") {
  using Next = cano::Next<S::B, S::C>;
  const auto leaves = [](Pipe&, Results) -> std::optional<Next> { return std::nullopt; };
  const auto open = open_at<Plain>;
  CHECK(flow_of(cano::stream(open, twice, leaves)).graph().edges.size() == 2);
  CHECK(flow_of(cano::stream(open, twice, leaves).at_end(S::Done)).graph().edges.size() == 3);
  cano::VirtualTime time;
  const auto graph = flow_of(cano::stream(open, twice, Keep{time}).at_end(S::Done)).graph();
  CHECK(graph.edges.size() == 1);
  CHECK(graph.nodes[0].targets_known);
  const auto anywhere = [](Pipe&, Results) -> std::optional<S> { return S::Done; };
  CHECK_FALSE(flow_of(cano::stream(open, twice, anywhere)).graph().nodes[0].targets_known);
}

TEST_CASE("a window has at least one result, and time") {
  const auto made_with = [](cano::StreamWindow window) {
    cano::VirtualTime time;
    return error_of([&] { cano::stream(open_at<Plain>, twice, Keep{time}, {.window = window}); });
  };
  CHECK(made_with({.count = 0}).errc() == Errc::Configuration);
  CHECK(made_with({.within = 0ms}).errc() == Errc::Configuration);
  CHECK(made_with({.count = 1, .within = -1ms}).errc() == Errc::Configuration);
}

}  // namespace stream_tests
