#include "hpcai/distributed/exchange/sum_parts.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <type_traits>

// The compiler makes a version of a function for each kind of vector instructions. The program takes the best one when it starts.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define HPCAI_VECTORISED __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define HPCAI_VECTORISED
#endif

namespace hpcai::distributed {
namespace {

constexpr int64_t kBlock = 2048;  // values whose sums stay in the first cache while all parts are added

template <class Value>
using SumOf = std::conditional_t<std::is_same_v<Value, double>, double, float>;

// c10's conversions of bfloat16 call functions, which keeps a loop from being vectorised.
inline float widened(c10::BFloat16 value) { return std::bit_cast<float>(static_cast<uint32_t>(value.x) << 16); }
inline float widened(c10::Half value) { return value; }
inline float widened(float value) { return value; }
inline double widened(double value) { return value; }

inline void narrow(float value, c10::BFloat16& result) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  result.x = static_cast<uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded);  // not a number
}
inline void narrow(float value, c10::Half& result) { result = value; }
inline void narrow(float value, float& result) { result = value; }
inline void narrow(double value, double& result) { result = value; }

template <class Value>
inline void take(SumOf<Value>* __restrict sum, const Value* __restrict part, int64_t count) {
  for (int64_t i = 0; i < count; ++i) sum[i] = widened(part[i]);
}

template <class Value>
inline void add(SumOf<Value>* __restrict sum, const Value* __restrict part, int64_t count) {
  for (int64_t i = 0; i < count; ++i) sum[i] += widened(part[i]);
}

template <class Value>
inline void put(const SumOf<Value>* __restrict sum, Value* __restrict target, int64_t count) {
  for (int64_t i = 0; i < count; ++i) narrow(sum[i], target[i]);
}

template <class Sum>
inline void divide(Sum* sum, int64_t count, int divisor) {
  const auto by = static_cast<Sum>(divisor);
  if (std::has_single_bit(static_cast<unsigned>(divisor))) {  // a product is quicker and has the same bits
    for (int64_t i = 0; i < count; ++i) sum[i] *= 1 / by;
  } else {
    for (int64_t i = 0; i < count; ++i) sum[i] /= by;
  }
}

// The arguments of sum_parts().
struct Sum {
  std::span<std::byte*const> parts, targets;
  int64_t first, count;
  int divisor;
};

template <class Sum>
inline void merge(Sum* __restrict left, const Sum* __restrict right, int64_t count) {
  for (int64_t i = 0; i < count; ++i) left[i] += right[i];
}

// Sums of subtrees that wait for their right neighbours, for up to 2^15 parts.
constexpr size_t kLevels = 16;

// The sum of the values from `begin` on into sums[0]. Part i joins its left neighbour if i is odd, and the pairs join likewise:
// the number of trailing ones of i tells how many subtrees are complete with it.
template <class Value>
inline __attribute__((always_inline)) void sum_block(std::span<std::byte* const> parts, int64_t begin, int64_t length,
                                                     SumOf<Value> (&sums)[kLevels][kBlock]) {
  size_t waiting = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Value* part = reinterpret_cast<const Value*>(parts[i]) + begin;
    if (i % 2 == 0) {
      take(sums[waiting++], part, length);
      continue;
    }
    add(sums[waiting - 1], part, length);
    for (size_t pairs = i / 2; pairs % 2 == 1; pairs /= 2, --waiting) merge(sums[waiting - 2], sums[waiting - 1], length);
  }
  for (; waiting > 1; --waiting) merge(sums[waiting - 2], sums[waiting - 1], length);
}

template <class Value>
inline __attribute__((always_inline)) void sum_values(const Sum& of) {
  alignas(64) SumOf<Value> sums[kLevels][kBlock];
  for (int64_t begin = of.first; begin < of.first + of.count; begin += kBlock) {
    const int64_t length = std::min(kBlock, of.first + of.count - begin);
    sum_block<Value>(of.parts, begin, length, sums);
    if (of.divisor != 1) divide(sums[0], length, of.divisor);
    Value* const first = reinterpret_cast<Value*>(of.targets.front()) + begin;
    put(sums[0], first, length);
    for (size_t i = 1; i < of.targets.size(); ++i) {
      std::memcpy(reinterpret_cast<Value*>(of.targets[i]) + begin, first, static_cast<size_t>(length) * sizeof(Value));
    }
  }
}

HPCAI_VECTORISED void sum_floats(const Sum& of) { sum_values<float>(of); }
HPCAI_VECTORISED void sum_doubles(const Sum& of) { sum_values<double>(of); }
HPCAI_VECTORISED void sum_bfloats(const Sum& of) { sum_values<c10::BFloat16>(of); }
HPCAI_VECTORISED void sum_halves(const Sum& of) { sum_values<c10::Half>(of); }

auto sum_of_type(at::ScalarType type) {
  switch (type) {
    case at::ScalarType::Float: return &sum_floats;
    case at::ScalarType::Double: return &sum_doubles;
    case at::ScalarType::BFloat16: return &sum_bfloats;
    case at::ScalarType::Half: return &sum_halves;
    default: throw std::invalid_argument("sum_parts: a type that it does not add");
  }
}

}  // namespace

bool can_sum_parts(at::ScalarType type) {
  return type == at::ScalarType::Float || type == at::ScalarType::Double || type == at::ScalarType::BFloat16 ||
         type == at::ScalarType::Half;
}

void sum_parts(at::ScalarType type, std::span<std::byte* const> parts, std::span<std::byte* const> targets, int64_t first,
               int64_t count, int divisor) {
  sum_of_type(type)({parts, targets, first, count, divisor});
}

}  // namespace hpcai::distributed
