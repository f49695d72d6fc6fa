#include "hpcai/metrics/ks.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

namespace hpcai::metrics {
namespace {

// A square matrix times 2^exponent.
struct Matrix {
  size_t size;
  std::vector<double> values;
  int exponent = 0;

  double& at(size_t row, size_t column) { return values[row * size + column]; }
};

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c{a.size, std::vector<double>(a.values.size(), 0), a.exponent + b.exponent};
  for (size_t i = 0; i < a.size; ++i) {
    for (size_t k = 0; k < a.size; ++k) {
      const double factor = a.values[i * a.size + k];
      if (factor == 0) continue;
      for (size_t j = 0; j < a.size; ++j) c.values[i * a.size + j] += factor * b.values[k * a.size + j];
    }
  }
  int shift = 0;
  std::frexp(*std::ranges::max_element(c.values), &shift);
  for (double& value : c.values) value = std::ldexp(value, -shift);
  c.exponent += shift;
  return c;
}

Matrix power(const Matrix& base, int64_t exponent) {
  if (exponent == 1) return base;
  const Matrix root = power(base, exponent / 2);
  const Matrix square = product(root, root);
  return exponent % 2 == 0 ? square : product(square, base);
}

// The matrix H of Marsaglia, Tsang and Wang; k = ceil(n d), h = k - n d.
Matrix transition(size_t k, double h) {
  const size_t size = 2 * k - 1;
  Matrix matrix{size, std::vector<double>(size * size, 0)};
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j < std::min(i + 2, size); ++j) matrix.at(i, j) = 1;
  }
  for (size_t i = 0; i < size; ++i) {
    matrix.at(i, 0) -= std::pow(h, static_cast<double>(i + 1));
    matrix.at(size - 1, i) -= std::pow(h, static_cast<double>(size - i));
  }
  if (2 * h > 1) matrix.at(size - 1, 0) += std::pow(2 * h - 1, static_cast<double>(size));
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j < std::min(i + 2, size); ++j) {
      matrix.at(i, j) /= std::tgamma(static_cast<double>(i + 2 - j));
    }
  }
  return matrix;
}

// P(D < d) = n! / n^n (H^n)_kk.
double exact(double distance, int64_t count) {
  const double n = static_cast<double>(count), scaled = n * distance;
  const auto k = static_cast<size_t>(scaled) + 1;
  Matrix result = power(transition(k, static_cast<double>(k) - scaled), count);
  return result.at(k - 1, k - 1) * std::exp(std::lgamma(n + 1) - n * std::log(n) + result.exponent * std::numbers::ln2);
}

// 2 P(D+ >= d), which exceeds P(D >= d) by less than 2 exp(-8 n d^2).
double smirnov_tail(double distance, int64_t count) {
  const double n = static_cast<double>(count);
  double sum = 0;
  for (int64_t j = 0; static_cast<double>(j) <= n * (1 - distance); ++j) {
    const double at = static_cast<double>(j), up = distance + at / n, down = 1 - up;
    if (down <= 0) continue;  // a term of 0
    const double choose = std::lgamma(n + 1) - std::lgamma(at + 1) - std::lgamma(n - at + 1);
    sum += std::exp(choose + (at - 1) * std::log(up) + (n - at) * std::log(down));
  }
  return 2 * distance * sum;
}

// P(D < d) as a series in 1 / sqrt(n), up to n^-1.5; z = d sqrt(n).
double pelz_good(double distance, int64_t count) {
  using std::numbers::pi;
  const double n = static_cast<double>(count), z = distance * std::sqrt(n);
  const double z2 = z * z, z4 = z2 * z2, z6 = z4 * z2, p2 = pi * pi, p4 = p2 * p2, p6 = p4 * p2;
  double k0 = 0, k1 = 0, k2 = 0, k3 = 0;
  for (int i = 20; i >= 0; --i) {
    const double half = i + 0.5, h2 = half * half, h4 = h2 * h2, h6 = h4 * h2, fall = std::exp(-h2 * p2 / (2 * z2));
    k0 += fall;
    k1 += fall * (p2 * h2 - z2);
    k2 += fall * (6 * z6 + 2 * z4 + p2 * (2 * z4 - 5 * z2) * h2 + p4 * (1 - 2 * z2) * h4);
    k3 += fall *
          (-30 * z6 - 90 * z6 * z2 + p2 * (135 * z4 - 96 * z6) * h2 + p4 * (212 * z4 - 60 * z2) * h4 + p6 * (5 - 30 * z2) * h6);
  }
  double k2_whole = 0, k3_whole = 0;
  for (int i = 20; i >= 1; --i) {
    const double i2 = static_cast<double>(i) * i, fall = std::exp(-i2 * p2 / (2 * z2));
    k2_whole += p2 * i2 * fall;
    k3_whole += (3 * p2 * i2 * z2 - p4 * i2 * i2) * fall;
  }
  const double root = std::sqrt(2 * pi), half_root = std::sqrt(pi / 2);
  k0 *= root / z;
  k1 *= half_root / (3 * z4);
  k2 = k2 * half_root / (36 * z6 * z) - k2_whole * half_root / (18 * z2 * z);
  k3 = k3 * half_root / (3240 * z6 * z4) + k3_whole * half_root / (108 * z6);
  return k0 + k1 / std::sqrt(n) + k2 / n + k3 / (n * std::sqrt(n));
}

}  // namespace

double ks_distance(std::span<const double> values) {
  if (values.empty()) throw std::invalid_argument("ks_distance: no values");
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  const auto n = static_cast<double>(sorted.size());
  double largest = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    const auto at = static_cast<double>(i);
    largest = std::max({largest, (at + 1) / n - sorted[i], sorted[i] - at / n});
  }
  return largest;
}

double ks_probability(double distance, int64_t count) {
  constexpr double kTail = 3;  // of n d^2, above which Smirnov's sum is within 1e-10
  constexpr int64_t kMostExact = 1000;
  const double n = static_cast<double>(count);
  if (distance <= 0.5 / n) return 1;
  if (distance >= 1) return 0;
  if (n * distance * distance >= kTail) return smirnov_tail(distance, count);
  const double below = count <= kMostExact ? exact(distance, count) : pelz_good(distance, count);
  return std::clamp(1 - below, 0.0, 1.0);
}

double ks_p_value(std::span<const double> values) {
  return ks_probability(ks_distance(values), static_cast<int64_t>(values.size()));
}

}  // namespace hpcai::metrics
