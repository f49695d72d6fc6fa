#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

// Elementary functions without calls, branches and tables. A compiler turns a loop over them into vector instructions, which a
// loop over the functions of <cmath> does not become. Their arguments are limited as stated, unlike those of <cmath>.

// Marks a function with such loops: it is compiled for several instruction sets, and the program chooses at its start. Sanitizers
// do not support this.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define HPCAI_EACH_VECTOR_SIZE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HPCAI_EACH_VECTOR_SIZE
#endif

namespace hpcai::simulate::vector_math {

// Adding this number to |x| < 2^51 rounds x to a whole number, which then stands in the low bits.
inline constexpr double kRounder = 0x1.8p52;

// e^x for |x| < 700. Relative error below 1e-15.
inline double exp(double x) {
  constexpr double kLn2High = 0x1.62e42fefa38p-1, kLn2Low = 0x1.ef35793c7673p-45;
  const double shifted = x * 1.4426950408889634 + kRounder;
  const double n = shifted - kRounder;
  const double r = (x - n * kLn2High) - n * kLn2Low;  // |r| < ln(2) / 2: Taylor's series
  double p = 1.0 / 479001600;
  p = p * r + 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1;
  p = p * r + 1;
  return std::bit_cast<double>(std::bit_cast<uint64_t>(p) + (std::bit_cast<uint64_t>(shifted) << 52));
}

// The natural logarithm of a normal x > 0. Absolute error below 1e-15 (1 + |ln x|).
inline double log(double x) {
  constexpr uint64_t kSqrtHalf = 0x3fe6a09e667f3bcd, kBias = 1023;
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  const uint64_t exponent = (bits - kSqrtHalf + (kBias << 52)) >> 52;
  const double m = std::bit_cast<double>(bits - ((exponent - kBias) << 52));  // sqrt(1/2) <= m < sqrt(2)
  const double e = std::bit_cast<double>(exponent | 0x4330000000000000) - (0x1p52 + static_cast<double>(kBias));
  const double s = (m - 1) / (m + 1), z = s * s;  // ln m = 2 artanh(s)
  double p = 2.0 / 21;
  p = p * z + 2.0 / 19;
  p = p * z + 2.0 / 17;
  p = p * z + 2.0 / 15;
  p = p * z + 2.0 / 13;
  p = p * z + 2.0 / 11;
  p = p * z + 2.0 / 9;
  p = p * z + 2.0 / 7;
  p = p * z + 2.0 / 5;
  p = p * z + 2.0 / 3;
  return e * 0.6931471805599453 + (s * 2 + s * z * p);
}

// The arcus tangent of any finite x. Absolute error below 2e-14: a polynomial on 0 <= x <= 1 through Chebyshev's points.
inline double atan(double x) {
  const double magnitude = std::bit_cast<double>(std::bit_cast<uint64_t>(x) & 0x7fffffffffffffff);
  const double inverse = 1 / magnitude;
  const double t = std::min(magnitude, inverse), z = t * t;
  double p = 7.2374812389658781e-05;
  p = p * z - 6.9142901911082677e-04;
  p = p * z + 3.1170862474281117e-03;
  p = p * z - 8.9040538893403205e-03;
  p = p * z + 1.8361481470647964e-02;
  p = p * z - 2.9756586358070831e-02;
  p = p * z + 4.0642674960871976e-02;
  p = p * z - 4.9848228659287883e-02;
  p = p * z + 5.7969316922062170e-02;
  p = p * z - 6.6469457445210448e-02;
  p = p * z + 7.6889783811003809e-02;
  p = p * z - 9.0905136513200077e-02;
  p = p * z + 1.1111079852850653e-01;
  p = p * z - 1.4285712775540607e-01;
  p = p * z + 1.9999999961357026e-01;
  p = p * z - 3.3333333332939463e-01;
  p = p * z + 1;
  const double base = magnitude > 1 ? 1.5707963267948966 : 0, sign = magnitude > 1 ? -1 : 1;
  const double result = base + sign * (p * t);
  return std::bit_cast<double>(std::bit_cast<uint64_t>(result) | (std::bit_cast<uint64_t>(x) & 0x8000000000000000));
}

struct SinCos {
  double sin, cos;
};

// Both for |x| < 1e6. Absolute error below 1e-13 + 1e-16 |x|.
inline SinCos sin_cos(double x) {
  constexpr double kPiHigh = 0x1.921fb544p+1, kPiMiddle = 0x1.0b4611a4p-33, kPiLow = 0x1.3198a2e037073p-68;
  const double shifted = x * 0.3183098861837907 + kRounder;
  const double n = shifted - kRounder;
  const double r = ((x - n * kPiHigh) - n * kPiMiddle) - n * kPiLow, z = r * r;  // |r| <= pi / 2: Taylor's series
  double s = 1.0 / 355687428096000;
  s = s * z - 1.0 / 1307674368000;
  s = s * z + 1.0 / 6227020800;
  s = s * z - 1.0 / 39916800;
  s = s * z + 1.0 / 362880;
  s = s * z - 1.0 / 5040;
  s = s * z + 1.0 / 120;
  s = s * z - 1.0 / 6;
  s = s * z * r + r;
  double c = -1.0 / 6402373705728000;
  c = c * z + 1.0 / 20922789888000;
  c = c * z - 1.0 / 87178291200;
  c = c * z + 1.0 / 479001600;
  c = c * z - 1.0 / 3628800;
  c = c * z + 1.0 / 40320;
  c = c * z - 1.0 / 720;
  c = c * z + 1.0 / 24;
  c = c * z - 0.5;
  c = c * z + 1;
  const uint64_t sign = std::bit_cast<uint64_t>(shifted) << 63;  // both change sign with odd n
  return {std::bit_cast<double>(std::bit_cast<uint64_t>(s) ^ sign), std::bit_cast<double>(std::bit_cast<uint64_t>(c) ^ sign)};
}

}  // namespace hpcai::simulate::vector_math
