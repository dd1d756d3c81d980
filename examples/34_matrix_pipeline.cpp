// SPDX-License-Identifier: MIT
// A numeric pipeline whose arithmetic runs in SIMD instructions, without one intrinsic: exec calls
// plain loops (support/matrix.cpp) that the compiler vectorises, and a test holds it to that. The
// workflow around them costs some nanoseconds a state.

#include <cstddef>
#include <iomanip>
#include <iostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <cano/store/memory_store.hpp>
#include <cano/workflow/run.hpp>

#include "support/matrix.hpp"

enum class State { Generate, Multiply, Transform, Summarise, Done };

using matrix::Matrix;
using Matrices = std::vector<Matrix>;

// take moves a value out of the store and put moves it back in: no matrix is copied on its way.
Matrices take(cano::MemoryStore& store, const std::string& key) {
  return store.take<Matrices>(key).value();
}

struct Generate {
  std::size_t count;

  Matrices prep(cano::MemoryStore&) const { return Matrices(count); }

  Matrices exec(Matrices matrices) const {
    std::mt19937 engine{7};  // the same matrices on every machine
    for (Matrix& m : matrices)
      for (float& element : m)
        element = static_cast<float>(engine() % 1000) / 1000;
    return matrices;
  }

  State post(cano::MemoryStore& store, Matrices matrices) const {
    store.put("matrices", std::move(matrices));
    return State::Multiply;
  }
};

// Each matrix by the next one, the last by the first.
struct Multiply {
  Matrices prep(cano::MemoryStore& store) const { return take(store, "matrices"); }

  Matrices exec(const Matrices& factors) const {
    Matrices products(factors.size());
    for (std::size_t i = 0; i < factors.size(); ++i)
      matrix::multiply(factors[i], factors[(i + 1) % factors.size()], products[i]);
    return products;
  }

  State post(cano::MemoryStore& store, Matrices products) const {
    store.put("products", std::move(products));
    return State::Transform;
  }
};

struct Transform {
  Matrices prep(cano::MemoryStore& store) const { return take(store, "products"); }

  Matrices exec(Matrices products) const {
    for (Matrix& m : products)
      matrix::scale_and_add(0.5f, 1.0f, m);
    return products;
  }

  State post(cano::MemoryStore& store, Matrices products) const {
    store.put("products", std::move(products));
    return State::Summarise;
  }
};

// A Task, because it only reads: with lends the matrices, without a copy.
State summarise(cano::MemoryStore& store) {
  store.with<Matrices>("products", [](const Matrices& products) {
    matrix::Statistics total;
    for (const Matrix& m : products) {
      const auto [mean, variance] = matrix::statistics_of(m);
      total.mean += mean / static_cast<double>(products.size());
      total.variance += variance / static_cast<double>(products.size());
    }
    std::cout << products.size() << " products of " << matrix::size << " x " << matrix::size
              << " matrices\n"
              << std::fixed << std::setprecision(3) << "  mean     " << total.mean
              << "\n  variance " << total.variance << '\n';
  });
  return State::Done;
}

int main() {
  const auto workflow = cano::Workflow<State>{State::Generate}
                            .add(State::Generate, Generate{20})
                            .add(State::Multiply, Multiply{})
                            .add(State::Transform, Transform{})
                            .add(State::Summarise, summarise)
                            .add_exit_state(State::Done);
  cano::MemoryStore store;
  cano::run(workflow, store);
}
