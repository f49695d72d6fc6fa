// The kernels that libhpcai_cuda.so runs on a GPU, thread by thread on the CPU.
#include <cuda_runtime.h>  // of emulation/

#include <catch2/catch.hpp>
#include <random>

#include "hpcai/kernels/batch_norm/cuda/batch_norm_kernels.cuh"

namespace hpcai::kernels::cuda {

double shared[1 << 14];  // of a block

namespace {

constexpr double kEps = 1e-3, kMomentum = 0.1;

using Floats = std::vector<float>;

struct Problem {
  Rows rows;
  Floats input, grad, gamma, beta, offset;

  Problem(int64_t count, int channels) : rows{count, channels} {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    const auto draw = [&](size_t size, float scale, float mean) {
      Floats values(size);
      for (float& value : values) value = mean + scale * normal(random);
      return values;
    };
    const auto c = static_cast<size_t>(channels);
    input = draw(static_cast<size_t>(count) * c, 2, 30);
    grad = draw(input.size(), 1, 0);
    gamma = draw(c, 0.1F, 1);
    beta = draw(c, 1, 0);
    offset = draw(c, 1, 0);
  }
};

struct Result {
  Floats output, d_input, d_gamma, d_beta, d_offset, running_mean, running_var;
};

// By plain loops in float64, with a ReLU.
Result expected_of(const Problem& p) {
  const int64_t rows = p.rows.count, channels = p.rows.channels;
  Result r{.output = Floats(p.input.size()),
           .d_input = Floats(p.input.size()),
           .d_gamma = Floats(channels),
           .d_beta = Floats(channels),
           .d_offset = Floats(channels),
           .running_mean = Floats(channels),
           .running_var = Floats(channels)};
  for (int64_t c = 0; c < channels; ++c) {
    const auto n = static_cast<double>(rows);
    double mean = 0, variance = 0, sum = 0, product = 0;
    for (int64_t i = 0; i < rows; ++i) mean += p.input[i * channels + c] / n;
    for (int64_t i = 0; i < rows; ++i) variance += std::pow(p.input[i * channels + c] - mean, 2) / n;
    const double inverse = 1 / std::sqrt(variance + kEps);
    const auto y = [&](int64_t i) { return (p.input[i * channels + c] - mean) * inverse * p.gamma[c] + p.beta[c]; };
    for (int64_t i = 0; i < rows; ++i) {
      r.output[i * channels + c] = static_cast<float>(std::max(0.0, y(i)));
      const double g = y(i) > 0 ? p.grad[i * channels + c] : 0;
      sum += g;
      product += g * (p.input[i * channels + c] - mean);
    }
    for (int64_t i = 0; i < rows; ++i) {
      const double g = y(i) > 0 ? p.grad[i * channels + c] : 0, away = p.input[i * channels + c] - mean;
      r.d_input[i * channels + c] =
          static_cast<float>(p.gamma[c] * inverse * (g - sum / n - away * inverse * inverse * product / n));
    }
    r.d_gamma[c] = static_cast<float>(product * inverse);
    r.d_beta[c] = static_cast<float>(sum);
    r.running_mean[c] = static_cast<float>(kMomentum * (mean + p.offset[c]));
    r.running_var[c] = static_cast<float>(1 + kMomentum * (variance * n / (n - 1) - 1));
  }
  return r;
}

// `over_ranks`: through the sums that ranks exchange.
template <int kWidth>
Result found_by(const Problem& p, bool over_ranks) {
  const auto channels = static_cast<size_t>(p.rows.channels);
  const unsigned lanes = static_cast<unsigned>(p.rows.channels / kWidth);
  dim3 block{std::min(lanes, 32U), 1};
  while (2 * block.x * block.y <= 64) block.y *= 2;
  const dim3 grid{3, (lanes + block.x - 1) / block.x};
  Result r{.output = Floats(p.input.size()),
           .d_input = Floats(p.input.size()),
           .d_gamma = {},
           .d_beta = {},
           .d_offset = {},
           .running_mean = Floats(channels, 0),
           .running_var = Floats(channels, 1)};
  Floats statistics(2 * channels), partial(2 * grid.x * channels), gradients(3 * channels), coefficients(2 * channels);
  std::vector<unsigned> arrived(grid.y);
  std::vector<double> totals(2 * channels + 1), products(2 * channels);
  const StatisticsTargets targets{.eps = kEps,
                                  .momentum = kMomentum,
                                  .mean = statistics.data(),
                                  .inverse = statistics.data() + channels,
                                  .running_mean = r.running_mean.data(),
                                  .running_var = r.running_var.data(),
                                  .offset = p.offset.data()};
  emulation::launch(grid, block, [&] {
    moments_kernel<float, kWidth>(p.input.data(), p.rows, partial.data(), arrived.data(), over_ranks ? totals.data() : nullptr,
                                  targets);
  });
  if (over_ranks)
    emulation::launch({1, 1}, {lanes * kWidth, 1}, [&] { statistics_kernel(totals.data(), p.rows.channels, targets); });
  const NormPointers norm{
      .mean = statistics.data(), .inverse = statistics.data() + channels, .gamma = p.gamma.data(), .beta = p.beta.data()};
  emulation::launch(grid, block, [&] { normalise_kernel<float, kWidth, true>(p.input.data(), p.rows, norm, r.output.data()); });
  emulation::launch(grid, block, [&] {
    gradient_sums_kernel<float, kWidth, true>(p.grad.data(), p.input.data(), p.rows, norm, partial.data(), arrived.data(),
                                              GradientTargets{.gradients = gradients.data(),
                                                              .coefficients = coefficients.data(),
                                                              .totals = over_ranks ? products.data() : nullptr});
  });
  for (size_t c = 0; over_ranks && c < channels; ++c) {
    const double n = totals[2 * channels], inverse = statistics[channels + c];
    coefficients[c] = static_cast<float>(products[c] / n);
    coefficients[channels + c] = static_cast<float>(products[channels + c] / n * inverse * inverse);
  }
  emulation::launch(grid, block, [&] {
    input_gradient_kernel<float, kWidth, true>(p.grad.data(), p.input.data(), p.rows, norm, coefficients.data(),
                                               r.d_input.data());
  });
  CHECK(arrived == std::vector<unsigned>(grid.y, 0));
  const auto third = [&](size_t k) { return Floats(gradients.begin() + k * channels, gradients.begin() + (k + 1) * channels); };
  r.d_gamma = third(0);
  r.d_beta = third(1);
  r.d_offset = third(2);
  return r;
}

void check_close(const Floats& found, const Floats& expected, const char* name) {
  INFO(name);
  REQUIRE(found.size() == expected.size());
  float largest = 1e-3F, error = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    error = std::max(error, std::abs(found[i] - expected[i]));
  }
  CHECK(error < 1e-5F * largest);
}

}  // namespace

TEST_CASE("the kernels of a batch norm on a GPU, run on the CPU, give the numbers of plain loops in float64") {
  const auto [rows, channels, width] =
      GENERATE(table<int64_t, int, int>({{300, 16, 4}, {257, 5, 1}, {100, 200, 4}, {90, 264, 8}, {513, 1, 1}, {3, 16, 4}}));
  const bool over_ranks = GENERATE(false, true);
  INFO(rows << " rows, " << channels << " channels, " << width << " a thread, over ranks " << over_ranks);
  const Problem problem(rows, channels);
  const Result expected = expected_of(problem);
  const Result found = width == 8   ? found_by<8>(problem, over_ranks)
                       : width == 4 ? found_by<4>(problem, over_ranks)
                                    : found_by<1>(problem, over_ranks);
  check_close(found.output, expected.output, "output");
  check_close(found.d_input, expected.d_input, "gradient of the input");
  check_close(found.d_gamma, expected.d_gamma, "gradient of gamma");
  check_close(found.d_beta, expected.d_beta, "gradient of beta");
  CHECK(found.d_offset == Floats(static_cast<size_t>(channels), 0));
  check_close(found.running_mean, expected.running_mean, "running mean");
  check_close(found.running_var, expected.running_var, "running variance");
}

}  // namespace hpcai::kernels::cuda
