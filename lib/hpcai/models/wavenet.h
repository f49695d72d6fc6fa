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
// `gated` merges the filter and the gate, both convolutions of width 2: output channels 0..G-1 are f, G..2G-1 are g.
class GatedLayer : public torch::nn::Module {
 public:
  GatedLayer(int64_t in, int64_t dilation, const WaveNetConfig& config);

  struct Output {
    at::Tensor next;  // x + z, [batch, time, channels]
    at::Tensor skip;  // z, [batch, time, channels]
  };
  // input [batch, time, in]
  Output forward(const at::Tensor& input) const;

  // The parameters of the layer for kernels::gated_stack.
  kernels::GatedLayerTensors tensors() const;
  std::array<const BatchNorm*, 3> norms() const { return {pre_norm_.get(), gated_norm_.get(), post_norm_.get()}; }

 private:
  std::shared_ptr<TimeConv> pre_, gated_, post_;
  std::shared_ptr<BatchNorm> pre_norm_, gated_norm_, post_norm_;
};

// The sum of the skips of gated layers, each of which takes the `next` of the one before: [batch, time, in] -> [batch, time,
// channels]; with `last_steps` only these last steps of it. They run as one fused function if kernels::gated_stack supports them,
// else one by one.
at::Tensor gated_layers(const at::Tensor& input, const std::vector<std::shared_ptr<GatedLayer>>& layers, int64_t last_steps = 0);

// Modified WaveNet (Khan, Huerta, Das, PLB 808, 135628, 2020): [batch, 1, time] -> [batch, outputs]. The skips of the gated
// layers are added and pass through two 1x1 convolutions. The last `keep_steps` steps enter two dense branches, one for the first
// output, which is q, and one for the others, which are (s1, s2, chi_eff, S_eff) in the published network. The gated layers run
// as one fused function if kernels::gated_stack supports them, else one by one.
class WaveNet : public Model {
 public:
  // `steps`: length of the input in time. `outputs`: at least 2; the published network has 5.
  WaveNet(const WaveNetConfig& config, int64_t steps, int64_t outputs);
  at::Tensor forward(const at::Tensor& input) override;

 private:
  // Whether the tail's batch statistics need all steps.
  bool tail_needs_all_steps() const;
  // [batch, keep_steps, channels], or [batch, time, channels] if tail_needs_all_steps() -> [batch, keep_steps]
  at::Tensor tail(const at::Tensor& skips);
  // The two convolutions of the tail without the last norm: [batch, time, channels] -> [batch, time, 1]
  at::Tensor two_convolutions(const at::Tensor& skips) const;
  // [batch, time, 1] -> [batch, keep_steps, 1]
  at::Tensor last_steps(const at::Tensor& series) const;
  // The number of first input steps on which the kept outputs do not depend; 0 if batch statistics include them.
  int64_t skippable_steps() const;

  WaveNetConfig config_;
  int64_t steps_;
  std::vector<std::shared_ptr<GatedLayer>> layers_;
  std::shared_ptr<TimeConv> tail1_, tail2_;
  std::shared_ptr<BatchNorm> tail1_norm_, tail2_norm_;
  std::shared_ptr<Dense> q_hidden_, q_, spin_hidden_, spin_;
};

// The dilation of each gated layer: config.dilations, or 1, 2, 4, ... repeated in cycles.
std::vector<int64_t> dilations_of(const WaveNetConfig& config);

}  // namespace hpcai::models
