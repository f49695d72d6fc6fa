#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "hpcai/kernels/gated_stack/gated_stack.h"
#include "hpcai/models/layers.h"
#include "hpcai/models/model.h"

namespace hpcai::models {

// One gated layer on [batch, time, channel]:
//   x = relu(norm(pre(input))),  z = relu(norm(post(tanh(f) sigmoid(g)))),  (f, g) = norm(gated(x)),
// where `gated` is the filter's and the gate's convolution of width 2 in one: output channels 0..G-1 and G..2G-1.
class GatedLayer : public torch::nn::Module {
 public:
  GatedLayer(int64_t in, int64_t dilation, const WaveNetConfig& config);

  struct Output {
    at::Tensor next;  // x + z, [batch, time, channels]
    at::Tensor skip;  // z
  };
  Output forward(const at::Tensor& input) const;

  // The same layer as the fused stack takes it.
  kernels::GatedLayerTensors tensors() const;
  std::array<const BatchNorm*, 3> norms() const { return {pre_norm_.get(), gated_norm_.get(), post_norm_.get()}; }

 private:
  std::shared_ptr<TimeConv> pre_, gated_, post_;
  std::shared_ptr<BatchNorm> pre_norm_, gated_norm_, post_norm_;
};

// Modified WaveNet (Khan, Huerta, Das, PLB 808, 135628, 2020): gated layers, sum of their skips, two 1x1 convolutions, the
// last `keep_steps` steps into the branch of q and the branch of (s1, s2, chi_eff, S_eff).
// [batch, 1, time] -> [batch, 5]. On a CPU the gated layers run as one fused function where kernels::gated_stack supports
// them, else layer by layer.
class WaveNet : public Model {
 public:
  WaveNet(const WaveNetConfig& config, int64_t steps);
  at::Tensor forward(const at::Tensor& input) override;

 private:
  // [batch, time, 1] -> sum of skips, [batch, time, channels]
  at::Tensor gated_layers(const at::Tensor& input) const;
  // Where all norms of the gated layers take their statistics from; nothing if they differ.
  std::optional<kernels::NormSource> norm_source() const;
  // [batch, time, channels] -> [batch, keep_steps]
  at::Tensor tail(const at::Tensor& skips);
  // The tail's convolutions up to the last norm, [batch, time, channels] -> [batch, time, 1]
  at::Tensor two_convolutions(const at::Tensor& skips) const;
  // [batch, time, 1] -> [batch, keep_steps, 1]
  at::Tensor last_steps(const at::Tensor& series) const;
  // Input steps before the kept ones that no kept output depends on, when no statistics run over them.
  int64_t skippable_steps() const;

  WaveNetConfig config_;
  int64_t steps_;
  std::vector<std::shared_ptr<GatedLayer>> layers_;
  std::shared_ptr<TimeConv> tail1_, tail2_;
  std::shared_ptr<BatchNorm> tail1_norm_, tail2_norm_;
  std::shared_ptr<Dense> q_hidden_, q_, spin_hidden_, spin_;
};

// 1, 2, 4, ... repeated, or the list that the config gives.
std::vector<int64_t> dilations_of(const WaveNetConfig& config);

}  // namespace hpcai::models
