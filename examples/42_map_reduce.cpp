// SPDX-License-Identifier: MIT
// Map and reduce: the words of each book are counted on a thread of its own, then added up.
//
//     42_map_reduce [book.txt]...

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <map>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include <cano.hpp>

enum class State { Count, Print, Done };

using Counts = std::map<std::string, std::size_t>;

struct Library {
  std::vector<std::filesystem::path> books{};
  Counts words{};
};

//! [map]
Counts count_words(const std::filesystem::path& book) {
  std::ifstream file{book};
  if (!file || std::filesystem::is_directory(book))
    throw cano::Error{cano::Errc::Preparation, "cannot read " + book.string()};
  Counts counts;
  std::string word;
  for (auto at = std::istreambuf_iterator<char>{file}; at != std::istreambuf_iterator<char>{};
       ++at) {
    const auto letter = static_cast<unsigned char>(*at);
    if (std::isalpha(letter) != 0) {
      word += static_cast<char>(std::tolower(letter));
    } else if (!word.empty()) {
      ++counts[std::exchange(word, {})];
    }
  }
  if (!word.empty()) ++counts[word];
  return counts;
}
//! [map]

//! [reduce]
State add_up(Library& library, std::vector<Counts> books) {
  for (const Counts& book : books)
    for (const auto& [word, count] : book)
      library.words[word] += count;
  return State::Print;
}
//! [reduce]

State print(const Library& library) {
  std::vector<std::pair<std::string, std::size_t>> words{library.words.begin(),
                                                         library.words.end()};
  std::ranges::stable_sort(words, std::greater{}, [](const auto& each) { return each.second; });
  std::size_t total = 0;
  for (const auto& [word, count] : words)
    total += count;
  std::cout << library.books.size() << " books, " << total << " words, " << words.size()
            << " different ones:\n";
  for (const auto& [word, count] : words | std::views::take(5))
    std::cout << std::setw(6) << count << "  " << word << '\n';
  return State::Done;
}

std::vector<std::filesystem::path> books_of(int argc, char** argv) {
  if (argc > 1) return {argv + 1, argv + argc};
  std::vector<std::filesystem::path> books;
  for (const auto& file : std::filesystem::directory_iterator{CANO_EXAMPLES_DATA "/texts"})
    books.push_back(file.path());
  return books;
}

int main(int argc, char** argv) {
  try {
    cano::Runtime runtime{2};  // outlives all runs
    //! [workflow]
    const auto map_reduce = cano::each([](const Library& library) { return library.books; },
                                       count_words, cano::TaskConfig::minimal())
                                .with_max_in_flight(8)
                                .on(runtime)
                                .join(cano::Join::all(), add_up);
    const auto workflow = cano::Workflow<State, Library>{State::Count}
                              .add(State::Count, map_reduce)
                              .add(State::Print, print)
                              .add_exit_state(State::Done);
    //! [workflow]
    Library library{.books = books_of(argc, argv)};
    runtime.run(workflow.orchestrate(library));
  } catch (const std::exception& error) {
    std::cerr << "42_map_reduce: " << error.what() << '\n';
    return 1;
  }
}
