#include "hpcai/inference/embedding/tsne.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/random.h"
#include "hpcai/inference/embedding/components.h"
#include "hpcai/inference/embedding/neighbours.h"
#include "hpcai/inference/embedding/tsne_gradient.h"

namespace hpcai::inference {
namespace {

constexpr double kExaggeration = 12, kStartSpread = 1e-4, kLeastRate = 50, kLeastGain = 0.01, kLeastNorm = 1e-7;
constexpr int64_t kExaggerated = 250;     // iterations
constexpr int64_t kCheckedEvery = 50;     // iterations
constexpr int64_t kPatienceOfTsne = 300;  // iterations without a smaller divergence

double norm_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

// The descent, with momentum and a gain of each coordinate that grows while its sign stays (Jacobs 1988).
class Descent {
 public:
  Descent(const Affinities& affinities, std::vector<double> start, const TsneOptions& options)
      : affinities_(affinities),
        options_(options),
        rate_(std::max(kLeastRate, static_cast<double>(affinities.points()) / kExaggeration / 4)),
        positions_(std::move(start)),
        gradient_(positions_.size()) {}

  // Makes iterations up to number `end`, unless there is nothing left to improve.
  void run(int64_t end, double exaggeration, double momentum) {
    std::vector<double> update(positions_.size(), 0), gain(positions_.size(), 1);
    double best = std::numeric_limits<double>::infinity();
    int64_t best_at = made_;
    while (made_ < end) {
      const double sum = tsne_gradient(affinities_, exaggeration, positions_, options_.dimensions, options_.angle, gradient_);
      const bool checks = (made_ + 1) % kCheckedEvery == 0;
      const double divergence = checks ? tsne_divergence(affinities_, positions_, options_.dimensions, sum) : best;
      for (size_t k = 0; k < positions_.size(); ++k) {
        gain[k] = update[k] * gradient_[k] < 0 ? gain[k] + 0.2 : std::max(0.8 * gain[k], kLeastGain);
        update[k] = momentum * update[k] - rate_ * gain[k] * gradient_[k];
        positions_[k] += update[k];
      }
      ++made_;
      if (!checks) continue;
      if (options_.progress) options_.progress(made_, divergence);
      if (divergence < best) {
        best = divergence;
        best_at = made_;
      }
      if (made_ - best_at > kPatienceOfTsne || norm_of(gradient_) <= kLeastNorm) return;
    }
  }

  TsnePicture picture() && {
    const double divergence = tsne_divergence(affinities_, positions_, options_.dimensions);
    return {std::move(positions_), divergence, made_};
  }

 private:
  const Affinities& affinities_;
  const TsneOptions& options_;
  const double rate_;
  std::vector<double> positions_, gradient_;
  int64_t made_ = 0;
};

// Principal components or normal numbers, of standard deviation 1e-4 along the first axis.
std::vector<double> start_of(const at::Tensor& points, const TsneOptions& options) {
  std::vector<double> start;
  if (options.seed) {
    for (int64_t i = 0; i < points.size(0); ++i) {
      Random random(*options.seed, 0, static_cast<uint64_t>(i), Purpose::initialise);
      for (int64_t d = 0; d < options.dimensions; ++d) start.push_back(kStartSpread * random.normal());
    }
    return start;
  }
  const at::Tensor components = first_components(points, options.dimensions).positions;
  start.assign(components.const_data_ptr<double>(), components.const_data_ptr<double>() + components.numel());
  double variance = 0;
  for (size_t k = 0; k < start.size(); k += static_cast<size_t>(options.dimensions)) variance += start[k] * start[k];
  variance /= static_cast<double>(points.size(0));
  if (variance > 0) {
    for (double& value : start) value *= kStartSpread / std::sqrt(variance);
  }
  return start;
}

}  // namespace

TsnePicture tsne(const Affinities& affinities, std::vector<double> start, const TsneOptions& options) {
  Descent descent(affinities, std::move(start), options);
  descent.run(std::min(kExaggerated, options.iterations), kExaggeration, 0.5);
  descent.run(options.iterations, 1, 0.8);
  return std::move(descent).picture();
}

TsnePicture tsne(const at::Tensor& points, const TsneOptions& options) {
  const int64_t n = points.size(0);
  if (!(options.perplexity >= 1) || options.perplexity >= static_cast<double>(n)) {
    throw Error(ExitCode::usage, fmt::format("t-SNE: a perplexity of {:g} does not fit {} points", options.perplexity, n),
                "The perplexity is at least 1 and below the number of points; 5 to 50 are usual.");
  }
  const Neighbours neighbours = nearest_neighbours(points, affinity_neighbours(options.perplexity, n));
  return tsne(joint_affinities(neighbours, options.perplexity), start_of(points, options), options);
}

}  // namespace hpcai::inference
