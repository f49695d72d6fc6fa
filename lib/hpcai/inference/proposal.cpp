#include "hpcai/inference/proposal.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "hpcai/core/random.h"

namespace hpcai::inference {
namespace {

constexpr double kNormalShare = 0.1;  // of the density that stays standard normal
constexpr double kFreedom = 8;        // degrees of freedom of the t distributions
constexpr int64_t kMostParts = 12;
constexpr double kPointsOfPart = 4;       // effective points for each dimension that a part needs
constexpr double kLeastVariance = 1e-10;  // of base numbers
constexpr int64_t kChunkPoints = 8192;    // whose densities are computed at once
constexpr int kIterations = 10;

// Weighted mean [d] and covariance [d, d].
std::pair<at::Tensor, at::Tensor> moments(const at::Tensor& points, const at::Tensor& weights) {
  const at::Tensor mean = weights.matmul(points), centred = points - mean;
  return {mean, centred.t().matmul(centred * weights.unsqueeze(1))};
}

at::Tensor lower_factor(const at::Tensor& covariance) {
  return at::linalg_cholesky(covariance + at::eye(covariance.size(0), covariance.options()) * kLeastVariance);
}

// Points of `weights` at equal distances of their sum.
at::Tensor spread(const at::Tensor& points, const at::Tensor& weights, int64_t count) {
  const at::Tensor below = weights.cumsum(0), at = (at::arange(count, points.options()) + 0.5) / static_cast<double>(count);
  return points.index_select(0, at::searchsorted(below, at).clamp_max(points.size(0) - 1));
}

}  // namespace

at::Tensor log_standard_normal(const at::Tensor& points) {
  return points.square().sum(1).add(static_cast<double>(points.size(1)) * std::log(2 * std::numbers::pi)).mul(-0.5);
}

at::Tensor Proposal::squared_distance(const at::Tensor& points) const {
  // [parts, dimensions, points]
  const at::Tensor centred = (points.unsqueeze(0) - means_.unsqueeze(1)).transpose(1, 2);
  return at::linalg_solve_triangular(scales_, centred, /*upper=*/false).square().sum(1).t();
}

at::Tensor Proposal::log_parts(const at::Tensor& points) const {
  const auto d = static_cast<double>(dimensions_);
  const double constant =
      std::lgamma((kFreedom + d) / 2) - std::lgamma(kFreedom / 2) - d / 2 * std::log(kFreedom * std::numbers::pi);
  const at::Tensor log_volume = scales_.diagonal(0, 1, 2).log().sum(1);
  return at::log1p(squared_distance(points) / kFreedom).mul(-(kFreedom + d) / 2) + (constant - log_volume + shares_.log());
}

at::Tensor Proposal::log_density(const at::Tensor& points) const {
  const at::Tensor normal = log_standard_normal(points);
  if (parts() == 0 || points.size(0) == 0) return normal;
  std::vector<at::Tensor> fitted;
  for (const at::Tensor& some : points.split(kChunkPoints)) fitted.push_back(log_parts(some).logsumexp(1));
  return at::logaddexp(normal + std::log(kNormalShare), at::cat(fitted) + std::log(1 - kNormalShare));
}

void Proposal::maximise(const at::Tensor& points, const at::Tensor& weights, double effective) {
  const auto d = static_cast<double>(dimensions_), count = static_cast<double>(parts());
  const at::Tensor member = log_parts(points).softmax(1) * weights.unsqueeze(1);  // [points, parts]
  const at::Tensor pull = member * (kFreedom + d) / (squared_distance(points) + kFreedom);
  // As many points as there are dimensions pull each part towards the covariance of all, in its share of the volume: it keeps a
  // volume however few points it has.
  const at::Tensor all = moments(points, weights).second * std::pow(count, -2 / d);
  const double pulled = d / effective;
  const at::Tensor mass = member.sum(0);
  means_ = pull.t().matmul(points) / pull.sum(0).unsqueeze(1).clamp_min(1e-300);
  std::vector<at::Tensor> scales;
  for (int64_t k = 0; k < parts(); ++k) {
    const at::Tensor centred = points - means_[k];
    const at::Tensor scatter = centred.t().matmul(centred * pull.select(1, k).unsqueeze(1));
    scales.push_back(lower_factor((scatter + all * pulled) / (mass[k] + pulled)));
  }
  scales_ = at::stack(scales);
  shares_ = (mass + 1e-6) / (mass + 1e-6).sum();
}

Proposal Proposal::fit(const at::Tensor& points, const at::Tensor& weights, double effective) {
  Proposal proposal(points.size(1));
  const auto wanted = static_cast<int64_t>(effective / (kPointsOfPart * static_cast<double>(points.size(1))));
  const int64_t parts = std::clamp<int64_t>(wanted, 1, kMostParts);
  proposal.means_ = spread(points, weights, parts);
  proposal.scales_ = lower_factor(moments(points, weights).second).expand({parts, -1, -1}).contiguous();
  proposal.shares_ = at::full({parts}, 1.0 / static_cast<double>(parts), points.options());
  for (int i = 0; i < kIterations; ++i) proposal.maximise(points, weights, effective);
  return proposal;
}

at::Tensor Proposal::draw(int64_t count, uint64_t seed, uint64_t stream) const {
  at::Tensor points = at::empty({count, dimensions_}, at::kDouble);
  double* out = points.mutable_data_ptr<double>();
  std::vector<double> normal(static_cast<size_t>(dimensions_));
  const at::Tensor below = parts() == 0 ? at::Tensor() : shares_.cumsum(0).contiguous();
  for (int64_t i = 0; i < count; ++i, out += dimensions_) {
    Random random(seed, stream, static_cast<uint64_t>(i), Purpose::draw);
    for (double& value : normal) value = random.normal();
    std::ranges::copy(normal, out);
    if (parts() == 0 || random.uniform() < kNormalShare) continue;
    const double* shares = below.const_data_ptr<double>();
    const auto k = std::min<int64_t>(std::upper_bound(shares, shares + parts(), random.uniform()) - shares, parts() - 1);
    double chi_squared = 0;
    for (int j = 0; j < static_cast<int>(kFreedom); ++j) chi_squared += std::pow(random.normal(), 2);
    const double stretch = std::sqrt(kFreedom / chi_squared);
    const double* scale = scales_.const_data_ptr<double>() + k * dimensions_ * dimensions_;
    const double* mean = means_.const_data_ptr<double>() + k * dimensions_;
    for (int64_t row = 0; row < dimensions_; ++row) {
      out[row] = mean[row];
      for (int64_t j = 0; j <= row; ++j) out[row] += stretch * scale[row * dimensions_ + j] * normal[static_cast<size_t>(j)];
    }
  }
  return points;
}

}  // namespace hpcai::inference
