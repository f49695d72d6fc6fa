#include "hpcai/models/loss.h"

#include "hpcai/core/error.h"

namespace hpcai::models {
namespace {

// Losses are sums of small differences: never in half precision.
at::Tensor widened(const at::Tensor& values) {
  return at::isReducedFloatingType(values.scalar_type()) ? values.to(at::kFloat) : values;
}

class WaveformMse : public Loss {
 public:
  at::Tensor operator()(const at::Tensor& output, const at::Tensor& target) const override {
    const at::Tensor error = (widened(output) - waveform_targets(target.to(widened(output).scalar_type()))).square();
    return error.narrow(1, 0, 1).mean() + error.narrow(1, 1, 4).mean();
  }

  int64_t outputs(int64_t classes, int64_t targets) const override {
    if (classes != 0 || targets != 3) {
      throw Error(ExitCode::usage,
                  "loss.type: waveform_mse needs data with the 3 targets q, s1, s2; these have " +
                      (classes ? std::to_string(classes) + " classes" : std::to_string(targets) + " targets"),
                  "use cross_entropy for data with classes");
    }
    return 5;
  }
};

class CrossEntropy : public Loss {
 public:
  explicit CrossEntropy(const CrossEntropyConfig& config) : config_(config) {}

  at::Tensor operator()(const at::Tensor& output, const at::Tensor& target) const override {
    return at::cross_entropy_loss(widened(output), target, {}, at::Reduction::Mean, -100, config_.label_smoothing);
  }

  int64_t outputs(int64_t classes, int64_t) const override {
    if (classes < 2) {
      throw Error(ExitCode::usage,
                  "loss.type: cross_entropy needs data with at least 2 classes; these have " + std::to_string(classes),
                  "use waveform_mse for waveforms");
    }
    return classes;
  }

 private:
  CrossEntropyConfig config_;
};

struct LossMaker {
  std::unique_ptr<Loss> operator()(const WaveformMseConfig&) const { return std::make_unique<WaveformMse>(); }
  std::unique_ptr<Loss> operator()(const CrossEntropyConfig& config) const { return std::make_unique<CrossEntropy>(config); }
};

}  // namespace

at::Tensor waveform_targets(const at::Tensor& label) {
  const at::Tensor q = label.select(1, 0), s1 = label.select(1, 1), s2 = label.select(1, 2);
  const at::Tensor chi_eff = (q * s1 + s2) / (1 + q);
  const at::Tensor s_eff = (1 + 0.75 / q) * s1 + (1 + 0.75 * q) * s2;
  return at::stack({q, s1, s2, chi_eff, s_eff}, 1);
}

std::unique_ptr<Loss> make_loss(const LossConfig& config) { return std::visit(LossMaker(), config); }

}  // namespace hpcai::models
