// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

/// The arithmetic of 34_matrix_pipeline: plain loops, of which the compiler makes SIMD code.
namespace matrix {

inline constexpr std::size_t size = 64;

/// Row by row.
using Matrix = std::array<float, size * size>;

struct Statistics {
  double mean = 0, variance = 0;
};

void multiply(const Matrix& a, const Matrix& b, Matrix& product);
void scale_and_add(float factor, float summand, Matrix& matrix);
Statistics statistics_of(const Matrix& matrix);

}  // namespace matrix
