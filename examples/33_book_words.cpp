// SPDX-License-Identifier: MIT
// Which book is richest in prepositions? A job over any text files: load, analyse, rank, print.
//
//     33_book_words [book.txt]...

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cano.hpp>

enum class State { Load, Analyse, Rank, Print, Done };

// Sorted, so that a word can be looked up by halving.
constexpr std::array<std::string_view, 44> prepositions{
    "about",   "above",  "across", "after",   "against", "along",   "among",  "around", "at",
    "before",  "behind", "below",  "beneath", "beside",  "between", "beyond", "by",     "despite",
    "down",    "during", "except", "for",     "from",    "in",      "inside", "into",   "like",
    "near",    "of",     "off",    "on",      "onto",    "outside", "over",   "past",   "since",
    "through", "to",     "toward", "under",   "until",   "upon",    "with",   "without"};
static_assert(std::ranges::is_sorted(prepositions));

using Counts = std::map<std::string, std::size_t>;

struct Book {
  std::string name{};
  std::string text{};
  std::size_t words = 0;
  Counts counts{};  // of its prepositions
};

struct Library {
  std::vector<std::filesystem::path> files{};
  std::vector<Book> books{};
};

State load(Library& library) {
  library.books.clear();  // an attempt that is made again starts afresh
  for (const auto& path : library.files) {
    std::ostringstream text;
    if (!(text << std::ifstream{path}.rdbuf()))  // nor is there anything to read in an empty file
      throw cano::Error{cano::Errc::Preparation, "cannot read " + path.string()};
    library.books.push_back(Book{.name = path.stem().string(), .text = text.str()});
  }
  return State::Analyse;
}

// A Node: to count the words of a text needs no store, so a test calls exec alone.
struct Analyse {
  std::vector<Book> prep(Library& library) const { return std::move(library.books); }

  std::vector<Book> exec(std::vector<Book> books) const {
    for (Book& book : books) {
      std::string word;
      for (const char c : book.text + ' ') {  // so that the last word ends, too
        const auto letter = static_cast<unsigned char>(c);
        if (std::isalpha(letter) || letter >= 0x80) {
          word += static_cast<char>(std::tolower(letter));
        } else if (!word.empty()) {
          ++book.words;
          if (std::ranges::binary_search(prepositions, word)) ++book.counts[word];
          word.clear();
        }
      }
    }
    return books;
  }

  State post(Library& library, std::vector<Book> books) const {
    library.books = std::move(books);
    return State::Rank;
  }
};

State rank(Library& library) {
  std::ranges::sort(library.books, [](const Book& a, const Book& b) {
    if (a.counts.size() != b.counts.size()) return a.counts.size() > b.counts.size();
    return a.name < b.name;
  });
  return State::Print;
}

std::string most_used(const Counts& counts) {
  std::multimap<std::size_t, std::string, std::greater<>> by_count;
  for (const auto& [word, count] : counts)
    by_count.emplace(count, word);
  std::string text;
  int shown = 0;
  for (const auto& [count, word] : by_count)
    if (++shown <= 3) text += (shown == 1 ? "" : ", ") + word + ' ' + std::to_string(count);
  return text;
}

State print(Library& library) {
  std::cout << "     Book              Words  Prepositions  Share   Most used\n" << std::fixed;
  int place = 0;
  for (const Book& book : library.books) {
    std::size_t total = 0;
    for (const auto& [word, count] : book.counts)
      total += count;
    const auto share = 100 * static_cast<double>(total) / static_cast<double>(book.words);
    std::cout << std::setw(3) << ++place << ". " << std::left << std::setw(16) << book.name
              << std::right << std::setw(7) << book.words << std::setw(8) << book.counts.size()
              << " kinds" << std::setw(7) << std::setprecision(1) << (book.words == 0 ? 0 : share)
              << " %   " << most_used(book.counts) << '\n';
  }
  return State::Done;
}

int main(int argc, char** argv) try {
  const auto workflow = cano::Workflow<State, Library>{State::Load}
                            .add(State::Load, load, cano::TaskConfig::minimal())
                            .add(State::Analyse, Analyse{})
                            .add(State::Rank, rank)
                            .add(State::Print, print)
                            .add_exit_state(State::Done);
  Library library{.files = {argv + 1, argv + argc}};
  if (library.files.empty()) {
    for (const char* name : {"the_clockmaker", "the_garden_wall", "the_ferry"})
      library.files.push_back(CANO_EXAMPLES_DATA "/texts/" + std::string{name} + ".txt");
  }
  cano::run(workflow, library);
} catch (const std::exception& error) {
  std::cerr << "33_book_words: " << error.what() << '\n';
  return 1;
}
