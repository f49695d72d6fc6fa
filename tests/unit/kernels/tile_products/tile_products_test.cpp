#include "hpcai/kernels/tile_products/cpu/tile_products.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <limits>

namespace hpcai::kernels {
namespace {

// What a product reads, as float64.
at::Tensor rounded(const at::Tensor& values) { return values.to(at::kBFloat16).to(at::kDouble); }

double largest_difference(const at::Tensor& found, const at::Tensor& expected) {
  return (found.to(at::kDouble) - expected).abs().max().item<double>();
}

constexpr double kRounding = 1e-5;  // of sums in float32 of up to 400 products near 1
constexpr float kUntouched = 77;

// C of `rows` rows with a gap of 16 columns between them.
at::Tensor product(const at::Tensor& a, const at::Tensor& b, const at::Tensor& start, bool one_row) {
  at::Tensor c = at::full({a.size(0), b.size(1) + 16}, kUntouched);
  const TileMatrix matrix(b.const_data_ptr<float>(), b.stride(0), b.size(0), b.size(1));
  TileProducts().multiply({a.const_data_ptr<float>(), a.stride(0), 1}, matrix,
                          {start.defined() ? start.const_data_ptr<float>() : nullptr, one_row ? 0 : b.size(1)},
                          c.mutable_data_ptr<float>(), c.stride(0), a.size(0));
  CHECK((c.narrow(1, b.size(1), 16) == kUntouched).all().item<bool>());
  return c.narrow(1, 0, b.size(1));
}

}  // namespace

TEST_CASE("a product of tiles is that of values rounded to bfloat16, for all numbers of rows and multiples of 16") {
  at::manual_seed(1);
  for (const int64_t rows : {1, 15, 16, 17, 32, 47, 64}) {
    for (const int64_t depth : {16, 32, 48, 128}) {
      for (const int64_t columns : {16, 32, 48, 256}) {
        INFO(rows << " x " << depth << " x " << columns);
        const at::Tensor a = at::randn({rows, depth}), b = at::randn({depth, columns}), bias = at::randn({columns}),
                         start = at::randn({rows, columns});
        const at::Tensor expected = rounded(a).mm(rounded(b));
        CHECK(largest_difference(product(a, b, {}, false), expected) < kRounding * depth);
        CHECK(largest_difference(product(a, b, bias, true), expected + bias) < kRounding * depth);
        CHECK(largest_difference(product(a, b, start, false), expected + start) < kRounding * depth);
      }
    }
  }
}

TEST_CASE("a left matrix of two taps is the rows and those that lie behind them, a right one may have gaps") {
  at::manual_seed(2);
  const int64_t rows = 37, channels = 16, lag = 5;
  const at::Tensor series = at::randn({rows + lag, channels}), wide = at::randn({2 * channels, 80});
  const TileMatrix matrix(wide.const_data_ptr<float>() + 16, 80, 2 * channels, 48);
  at::Tensor c = at::empty({rows, 48});
  TileProducts().multiply({series.const_data_ptr<float>(), channels, 1, 2, lag * channels}, matrix, {},
                          c.mutable_data_ptr<float>(), 48, rows);
  const at::Tensor taps = at::cat({series.narrow(0, 0, rows), series.narrow(0, lag, rows)}, 1);
  CHECK(largest_difference(c, rounded(taps).mm(rounded(wide.narrow(1, 16, 48)))) < 1e-4);
}

TEST_CASE("a product of tiles that starts from what it writes adds to it") {
  at::manual_seed(4);
  const at::Tensor a = at::randn({37, 48}), b = at::randn({48, 32}), before = at::randn({37, 32});
  at::Tensor c = before.clone();
  float* const values = c.mutable_data_ptr<float>();
  const TileMatrix matrix(b.const_data_ptr<float>(), 32, 48, 32);
  TileProducts().multiply({a.const_data_ptr<float>(), 48, 1}, matrix, {values, 32}, values, 32, 37);
  CHECK(largest_difference(c, before + rounded(a).mm(rounded(b))) < 1e-4);
}

TEST_CASE("sums over blocks of rows of tiles are added to what was there, for any numbers of rows") {
  at::manual_seed(3);
  for (const int64_t rows : {1, 2, 31, 32, 33, 64, 100, 256}) {
    for (const int64_t left : {16, 48, 64}) {
      for (const int64_t right : {16, 32, 80}) {
        INFO(rows << " rows of " << left << " and " << right);
        constexpr int64_t kBlocks = 5, kLag = 3;  // the left matrix has two taps
        const at::Tensor a = at::randn({kBlocks * rows + kLag, left}), b = at::randn({kBlocks * rows, right + 16}),
                         before = at::randn({2 * left, right});
        at::Tensor c = before.clone();
        const TileRegisters registers;
        TileSum sum(2 * left, right, c.mutable_data_ptr<float>());
        for (int64_t i = 0; i < kBlocks; ++i) {
          sum.add({a[i * rows].const_data_ptr<float>(), left, 1, 2, kLag * left}, b[i * rows].const_data_ptr<float>(), right + 16,
                  rows);
        }
        sum.finish();
        const at::Tensor taps = at::cat({a.narrow(0, 0, kBlocks * rows), a.narrow(0, kLag, kBlocks * rows)}, 1);
        const at::Tensor expected = before + rounded(taps).t().mm(rounded(b.narrow(1, 0, right)));
        CHECK(largest_difference(c, expected) < kRounding * rows);
      }
    }
  }
}

TEST_CASE("tiles keep infinite values and what is no number") {
  for (const float value : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), 3.4e38F}) {
    at::Tensor a = at::zeros({20, 32});
    a[18][3] = value;
    const at::Tensor found = product(a, at::ones({32, 16}), {}, false);
    CHECK_FALSE(found[18].isfinite().any().item<bool>());
    CHECK((found.narrow(0, 0, 18) == 0).all().item<bool>());
  }
}

}  // namespace hpcai::kernels
