#include "hpcai/data/wrappers/mixed_up.h"

#include <ATen/ATen.h>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "hpcai/core/random.h"
#include "hpcai/data/class_targets.h"

namespace hpcai::data {
namespace {

// The logarithm of a number of the gamma distribution of this shape and scale 1 (Marsaglia and Tsang 2000, ACM TOMS 26, 363). A
// shape below 1 takes that of shape + 1, times u^(1 / shape): such numbers may be too small for anything but their logarithm.
double log_gamma_variate(Random& random, double shape) {
  if (shape < 1) return log_gamma_variate(random, shape + 1) + std::log1p(-random.uniform()) / shape;
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = random.normal(), root = 1 + c * x, v = root * root * root;
    const double u = random.uniform();
    if (v > 0 && std::log1p(-u) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v);
  }
}

}  // namespace

// Stream 0 of the purpose `shuffle` orders the samples of an epoch; stream i + 1 finds the partner of sample i.
Mixture draw_mixture(double alpha, const Draw& draw, int64_t index, int64_t size) {
  Random random(draw.seed, static_cast<uint64_t>(draw.epoch), static_cast<uint64_t>(index) + 1, Purpose::shuffle);
  Mixture mixture;
  mixture.other = static_cast<int64_t>(random.below(static_cast<uint64_t>(size)));
  const double own = log_gamma_variate(random, alpha), other = log_gamma_variate(random, alpha);
  mixture.part = own == other ? 0.5 : 1 / (1 + std::exp(other - own));  // both may be -infinity
  return mixture;
}

MixedUp::MixedUp(std::unique_ptr<const Dataset> base, double alpha)
    : Dataset(base->spec()), base_(std::move(base)), alpha_(alpha) {
  if (spec().class_names.empty() || !(alpha > 0)) throw std::invalid_argument("MixedUp: needs classes and a positive alpha");
}

// The mixture of two samples that `read(index, out)` reads, in any order of their values.
template <class Read>
void MixedUp::read_mixed(int64_t index, const Draw* draw, float* out, const Read& read) const {
  read(index, out);
  if (draw == nullptr) return;
  const Mixture mixture = draw_mixture(alpha_, *draw, index, size());
  thread_local std::vector<float> buffer;
  buffer.resize(static_cast<size_t>(input_size()));
  read(mixture.other, buffer.data());
  const auto own = static_cast<float>(mixture.part), other = static_cast<float>(1 - mixture.part);
  for (const float value : buffer) {
    *out = own * *out + other * value;
    ++out;
  }
}

void MixedUp::read(int64_t index, const Draw* draw, float* out) const {
  read_mixed(index, draw, out, [&](int64_t i, float* to) { base_->read(i, draw, to); });
}

void MixedUp::read_channels_last(int64_t index, const Draw* draw, float* out) const {
  read_mixed(index, draw, out, [&](int64_t i, float* to) { base_->read_channels_last(i, draw, to); });
}

at::Tensor MixedUp::drawn_targets(std::span<const int64_t> index, const Draw* draw) const {
  if (draw == nullptr) return base_->drawn_targets(index, draw);
  std::vector<Mixture> mixtures;
  std::vector<int64_t> others;
  for (const int64_t i : index) {
    mixtures.push_back(draw_mixture(alpha_, *draw, i, size()));
    others.push_back(mixtures.back().other);
  }
  const auto n = static_cast<int64_t>(index.size()), classes = static_cast<int64_t>(spec().class_names.size());
  at::Tensor part = at::empty({n, 1}, at::kFloat), rest = at::empty({n, 1}, at::kFloat);
  float *own = part.mutable_data_ptr<float>(), *other = rest.mutable_data_ptr<float>();
  for (const Mixture& mixture : mixtures) {
    *own++ = static_cast<float>(mixture.part);
    *other++ = static_cast<float>(1 - mixture.part);
  }
  return part * class_probabilities(base_->drawn_targets(index, draw), classes) +
         rest * class_probabilities(base_->drawn_targets(others, draw), classes);
}

}  // namespace hpcai::data
