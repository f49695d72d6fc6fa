#include "hpcai/tasks/mismatch_metric.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <numbers>

#include "hpcai/core/parallel.h"
#include "hpcai/simulate/waveform_metric.h"

namespace hpcai::tasks {
namespace {

constexpr std::array<int64_t, 3> kNodes = {10, 8, 8};  // of the polynomials in ln q, s1 and s2
constexpr int64_t kFactors = 6;
constexpr double kLeastStep = 1;  // M; the metric hardly depends on the step, as long as it resolves the ringdown
const double kLogMaxMassRatio = std::log(simulate::kMaxMassRatio);

// U is upper triangular with rows (u11, u12, u13), (0, u22, u23), and w is the rest: a Cholesky factorisation without its last
// root, which is not smooth where w vanishes (q = 1, s1 = s2).
std::array<double, kFactors> factorised(const simulate::Matrix3& g) {
  const double u11 = std::sqrt(g[0][0]), u12 = g[0][1] / u11, u13 = g[0][2] / u11;
  const double u22 = std::sqrt(g[1][1] - u12 * u12), u23 = (g[1][2] - u12 * u13) / u22;
  return {u11, u12, u13, u22, u23, g[2][2] - u13 * u13 - u23 * u23};
}

double node(int64_t index, int64_t count) {
  return std::cos(std::numbers::pi * (static_cast<double>(index) + 0.5) / static_cast<double>(count));
}

// [count, count]: from the values at the nodes to the coefficients of the Chebyshev polynomials.
at::Tensor node_transform(int64_t count) {
  const at::Tensor index = at::arange(count, at::kDouble);
  const at::Tensor cosines = at::outer(index, index + 0.5).mul(std::numbers::pi / static_cast<double>(count)).cos();
  const at::Tensor scale = at::full({count, 1}, 2.0 / static_cast<double>(count), at::kDouble);
  scale[0].div_(2);
  return cosines * scale;
}

// x [batch] in -1 to 1 -> T_0(x) ... T_(count - 1)(x), [batch, count]
at::Tensor chebyshev(const at::Tensor& x, int64_t count) {
  const at::Tensor angle = x.clamp(-1, 1).acos().unsqueeze(1);
  return (angle * at::arange(count, x.options())).cos();
}

// The factors at all nodes, [10, 8, 8, 6].
at::Tensor tabulate(const simulate::TimeGrid& grid, int threads) {
  at::Tensor table = at::empty({kNodes[0], kNodes[1], kNodes[2], kFactors}, at::kDouble);
  double* rows = table.mutable_data_ptr<double>();
  parallel_for(kNodes[0] * kNodes[1] * kNodes[2], threads, [&](int64_t i) {
    const simulate::Binary binary{std::exp(kLogMaxMassRatio * (1 + node(i / (kNodes[1] * kNodes[2]), kNodes[0])) / 2),
                                  simulate::kMaxSpin * node(i / kNodes[2] % kNodes[1], kNodes[1]),
                                  simulate::kMaxSpin * node(i % kNodes[2], kNodes[2])};
    std::ranges::copy(factorised(simulate::waveform_metric(binary, grid)), rows + i * kFactors);
  });
  return table;
}

// [basis functions, 6]. Those of the last grid are kept, because a program builds some trainings several times: after the loss of
// a rank, or to measure their steps.
at::Tensor coefficients(const simulate::TimeGrid& grid, int threads) {
  static std::mutex guard;
  static simulate::TimeGrid last_grid;
  static at::Tensor last;
  const std::scoped_lock lock(guard);
  if (!last.defined() || !(last_grid == grid)) {
    last = at::einsum("ai,bj,ck,ijkf->abcf",
                      {node_transform(kNodes[0]), node_transform(kNodes[1]), node_transform(kNodes[2]), tabulate(grid, threads)})
               .reshape({-1, kFactors});
    last_grid = grid;
  }
  return last;
}

}  // namespace

simulate::TimeGrid MismatchMetric::grid_of(simulate::TimeGrid grid) {
  grid.step = std::max(grid.step, kLeastStep);
  return grid;
}

MismatchMetric::MismatchMetric(const simulate::TimeGrid& grid, at::Device device, int threads) {
  coefficients_ = coefficients(grid_of(grid), threads).to(at::TensorOptions(at::kFloat).device(device));
}

at::Tensor MismatchMetric::factors(const at::Tensor& truth) const {
  const at::Tensor log_q = truth.select(1, 0).log() * (2 / kLogMaxMassRatio) - 1;
  const at::Tensor basis =
      chebyshev(log_q, kNodes[0]).unsqueeze(2) * chebyshev(truth.select(1, 1) / simulate::kMaxSpin, kNodes[1]).unsqueeze(1);
  const at::Tensor with_spin2 =
      basis.flatten(1).unsqueeze(2) * chebyshev(truth.select(1, 2) / simulate::kMaxSpin, kNodes[2]).unsqueeze(1);
  return with_spin2.flatten(1).matmul(coefficients_.to(truth.scalar_type()));
}

at::Tensor MismatchMetric::operator()(const at::Tensor& change, const at::Tensor& truth) const {
  const at::Tensor f = factors(truth), d1 = change.select(1, 0), d2 = change.select(1, 1), d3 = change.select(1, 2);
  const auto of = [&](int64_t i) { return f.select(1, i); };
  const at::Tensor first = of(0) * d1 + of(1) * d2 + of(2) * d3, second = of(3) * d2 + of(4) * d3;
  return first.square() + second.square() + of(5).clamp_min(0) * d3.square();
}

}  // namespace hpcai::tasks
