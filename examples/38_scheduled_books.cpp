// SPDX-License-Identifier: MIT
// A job that starts another one: every night a batch counts the words of all books, one instance
// each, and then triggers the ranking. A book that cannot be read fails alone.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <cano/async/async.hpp>
#include <cano/async/sleep.hpp>
#include <cano/concurrent/concurrent_workflow.hpp>
#include <cano/error.hpp>
#include <cano/schedule/scheduler.hpp>
#include <cano/task/task_config.hpp>
#include <cano/testing/virtual_time.hpp>

using namespace std::chrono_literals;

enum class Step { Find, Count, Done };

struct Book {
  std::filesystem::path path;
  std::size_t words = 0;
};
using Library = std::vector<Book>;

Step find_file(Book& book) {
  if (std::filesystem::is_regular_file(book.path)) return Step::Count;
  throw cano::Error{cano::Errc::Preparation, "there is no " + book.path.filename().string()};
}

cano::Async<Step> count_words(Book& book) {
  co_await cano::sleep_for(10min);  // a careful reader
  std::ifstream file{book.path};
  book.words = 0;
  for (std::string word; file >> word;)
    ++book.words;
  co_return Step::Done;
}

//! [jobs]
cano::Async<void> count_all(Library& library, cano::Scheduler& scheduler, std::uint64_t night) {
  const auto workflow = cano::ConcurrentWorkflow<Step, Book>{Step::Find}
                            .add(Step::Find, find_file, cano::TaskConfig::minimal())
                            .add(Step::Count, count_words)
                            .add_exit_state(Step::Done);
  const auto [results, status] = co_await workflow.execute_concurrent(library, cano::WaitForever{});
  std::cout << "Night " << night << ": " << status.completed << " books read\n";
  for (const auto& result : results)
    if (!result.is_success()) std::cout << "  " << result.error_message() << '\n';
  scheduler.trigger("rank");
}

void rank(Library& library) {
  std::ranges::sort(library, std::greater{}, &Book::words);
  for (const Book& book : library)
    if (book.words > 0)
      std::cout << std::setw(6) << book.words << "  " << book.path.stem().string() << '\n';
}
//! [jobs]

int main() {
  const std::filesystem::path shelf = CANO_EXAMPLES_DATA "/texts";
  Library library{{shelf / "the_garden_wall.txt"}, {shelf / "the_ferry.txt"}};

  cano::VirtualTime time;  // nights that take no time
  //! [schedule]
  cano::Scheduler scheduler{time.get_executor()};
  scheduler.cron(
      "count", [&](const cano::Occurrence& now) { return count_all(library, scheduler, now.run); },
      "0 3 * * *");
  scheduler.manual("rank", [&] { rank(library); });
  scheduler.start();
  //! [schedule]

  time.run_for(24h);
  library.push_back({shelf / "the_clockmaker.txt"});
  library.push_back({shelf / "a_book_on_loan.txt"});
  time.run_for(24h);

  const auto last = scheduler.history("count").back();
  std::cout << "The last count took "
            << std::chrono::duration_cast<std::chrono::minutes>(last.elapsed).count()
            << " minutes; the next one begins in "
            << std::chrono::duration_cast<std::chrono::hours>(
                   scheduler.next_runs("count", 1).front() - time.wall_now())
                   .count()
            << " hours.\n";
  time.run(scheduler.stop());
}
