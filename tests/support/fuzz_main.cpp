// SPDX-License-Identifier: MIT
//
// Drives a fuzz test where libFuzzer is not to be had: runs every file of the folders it is given,
// then a fixed number of random changes to them, the same ones each time.

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

#ifndef CANO_FUZZ_INPUTS
#define CANO_FUZZ_INPUTS 20000
#endif
constexpr int changed_inputs = CANO_FUZZ_INPUTS;

// What a crash is to be reproduced with.
std::string current;

void try_input(const std::string& input) {
  current = input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
}

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& corpus) : corpus_{corpus} {}

  std::string next() {
    std::string input = any_seed();
    for (std::size_t edits = 1 + below(4); edits > 0; --edits)
      edit(input);
    return input;
  }

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }
  const std::string& any_seed() { return corpus_[below(corpus_.size())]; }

  // A byte that occurs somewhere in the corpus is likelier to mean something than any other.
  char any_byte() {
    const std::string& seed = any_seed();
    if (seed.empty() || below(8) == 0) return static_cast<char>(below(256));
    return seed[below(seed.size())];
  }

  void edit(std::string& input) {
    const std::size_t at = below(input.size() + 1);
    switch (below(4)) {
      case 0:
        input.insert(at, 1, any_byte());
        break;
      case 1:
        if (at < input.size()) input[at] = any_byte();
        break;
      case 2:
        input.erase(at, 1 + below(4));
        break;
      default:
        const std::string& other = any_seed();
        input = input.substr(0, at) + other.substr(below(other.size() + 1));
    }
  }

  const std::vector<std::string>& corpus_;
  std::mt19937 random_{20240229};
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> corpus;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator{argv[i]}) {
      std::ifstream file{entry.path(), std::ios::binary};
      corpus.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
    }
  }
  if (corpus.empty()) {
    std::fputs("usage: fuzz_<what> <folder of inputs>...\n", stderr);
    return 2;
  }
  std::signal(SIGABRT, [](int) { std::fprintf(stderr, "the input: \"%s\"\n", current.c_str()); });
  for (const std::string& input : corpus)
    try_input(input);
  std::sort(corpus.begin(), corpus.end());  // folders are read in no particular order
  Mutator mutator{corpus};
  for (int i = 0; i < changed_inputs; ++i)
    try_input(mutator.next());
  std::printf("%zu inputs and %d changes to them\n", corpus.size(), changed_inputs);
}
