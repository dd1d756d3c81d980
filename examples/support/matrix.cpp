// SPDX-License-Identifier: MIT
#include "matrix.hpp"

namespace matrix {

// The loops marked SIMD handle several elements with one instruction; a test reads the compiler's
// report that they do. What lets it: a length known when compiling, elements that lie side by side,
// and no element that depends on another one of the same loop.

void multiply(const Matrix& a, const Matrix& b, Matrix& product) {
  for (std::size_t i = 0; i < size; ++i) {
    // In a variable of its own, which cannot overlap with b: the compiler need not allow for that.
    std::array<float, size> row{};
    for (std::size_t k = 0; k < size; ++k) {
      const float factor = a[i * size + k];
      for (std::size_t j = 0; j < size; ++j)  // SIMD
        row[j] += factor * b[k * size + j];
    }
    for (std::size_t j = 0; j < size; ++j)
      product[i * size + j] = row[j];
  }
}

void scale_and_add(float factor, float summand, Matrix& matrix) {
  for (std::size_t i = 0; i < matrix.size(); ++i)  // SIMD
    matrix[i] = factor * matrix[i] + summand;
}

// One sum over all elements would have to be added up in the order of the source: floating-point
// addition is not associative. A sum for each column leaves that order as it is, and lets the
// columns advance together.
Statistics statistics_of(const Matrix& matrix) {
  std::array<double, size> sums{}, squares{};
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {  // SIMD
      const double value = matrix[i * size + j];
      sums[j] += value;
      squares[j] += value * value;
    }
  }
  double sum = 0, square = 0;
  for (std::size_t j = 0; j < size; ++j) {
    sum += sums[j];
    square += squares[j];
  }
  const double count = size * size;
  const double mean = sum / count;
  return Statistics{mean, square / count - mean * mean};
}

}  // namespace matrix
