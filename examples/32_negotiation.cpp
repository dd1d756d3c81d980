// SPDX-License-Identifier: MIT
// Two parties haggle until they agree or one has had enough: a loop between two states. What a
// party knows alone is in its task, what both know is in the store.
//
//     32_negotiation [least the seller takes] [most the buyer pays]

#include <algorithm>
#include <charconv>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include <cano.hpp>

using cano::Next;
using cano::to;

enum class State { Seller, Buyer, Deal, NoDeal };

// All that is said aloud.
struct Table {
  int asked = 0;
  int offered = 0;
  int rounds = 0;
};

class Seller {
 public:
  Seller(int price, int least) : price_{std::max(price, least)}, least_{least} {}

  Next<State::Buyer, State::Deal> run(Table& table) const {
    if (table.offered >= least_ && table.offered * 10 >= table.asked * 9) {
      std::cout << "  seller: " << table.offered << "? It is yours.\n";
      return to<State::Deal>;
    }
    // He starts high, then comes down by a third of what they are apart.
    const int next = table.rounds == 0 ? price_ : table.asked - (table.asked - table.offered) / 3;
    table.asked = std::max(next, least_);
    std::cout << "  seller: " << table.asked << '\n';
    return to<State::Buyer>;
  }

 private:
  int price_;
  int least_;
};

class Buyer {
 public:
  Buyer(int most, int patience) : most_{most}, patience_{patience} {}

  Next<State::Seller, State::NoDeal> run(Table& table) const {
    if (++table.rounds > patience_) {
      std::cout << "  buyer:  I will look elsewhere.\n";
      return to<State::NoDeal>;
    }
    // She starts at half of what is asked and never pays more than she has.
    const int next = table.offered == 0 ? table.asked / 2 : (table.asked + table.offered) / 2;
    table.offered = std::min(next, most_);
    std::cout << "  buyer:  " << table.offered << '\n';
    return to<State::Seller>;
  }

 private:
  int most_;
  int patience_;
};

void negotiate(int least, int most) {
  const auto workflow = cano::Workflow<State, Table>{State::Seller}
                            .add(State::Seller, Seller{1000, least})
                            .add(State::Buyer, Buyer{most, 4})
                            .add_exit_states({State::Deal, State::NoDeal});
  Table table;
  std::cout << "The seller takes no less than " << least << ", the buyer pays at most " << most
            << ".\n";
  if (cano::run(workflow, table) == State::Deal) {
    std::cout << "Deal at " << table.offered << " after " << table.rounds << " rounds.\n";
  } else {
    std::cout << "No deal: they are still " << table.asked - table.offered << " apart.\n";
  }
}

int price_of(std::string_view text) {
  int price = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), price);
  if (error == std::errc{} && end == text.data() + text.size() && price > 0 && price <= 1'000'000)
    return price;
  throw cano::Error{cano::Errc::Configuration,
                    "'" + std::string{text} + "' is not a price from 1 to 1000000"};
}

int main(int argc, char** argv) try {
  if (argc == 3) {
    negotiate(price_of(argv[1]), price_of(argv[2]));
  } else {
    negotiate(600, 750);
    std::cout << '\n';
    negotiate(800, 650);
  }
} catch (const std::exception& error) {
  std::cerr << "32_negotiation: " << error.what() << '\n';
  return 1;
}
