#include "hpcai/models/wavenet.h"

#include <ATen/autocast_mode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/kernels/gated_activation/gated_activation.h"
#include "hpcai/kernels/tile_products/cpu/tile_products.h"
#include "hpcai/kernels/time_tail/time_tail.h"
#include "hpcai/models/initialise.h"

namespace hpcai::models {
namespace {

std::shared_ptr<BatchNorm> make_norm(int64_t channels, const WaveNetConfig& config) {
  return std::make_shared<BatchNorm>(channels, config.batch_norm, kKerasNormEps, config.batch_norm_momentum);
}

// A convolution and its batch norm: [batch, time, in] -> [batch, time, out]. On a GPU with batch statistics the norm handles the
// convolution's bias; see BatchNorm::forward_offset.
at::Tensor normalised(const TimeConv& convolution, BatchNorm& norm, const at::Tensor& input, bool relu) {
  const bool apart = input.is_cuda() && norm.uses_batch_statistics();
  const at::Tensor found = convolution.forward(input, /*with_bias=*/!apart), rows = found.flatten(0, 1);
  const at::Tensor output = apart  ? norm.forward_offset(rows, convolution.bias, relu)
                            : relu ? norm.forward_relu(rows)
                                   : norm.forward(rows);
  return output.view(found.sizes());
}

kernels::NormSource source_of(const BatchNorm& norm) {
  if (norm.mode() == BatchNormMode::none) return kernels::NormSource::none;
  return norm.uses_batch_statistics() ? kernels::NormSource::batch : kernels::NormSource::running;
}

// Whether the fused layers of a CPU round to bfloat16.
bool rounds_to_bfloat16() {
  return at::autocast::is_autocast_enabled(at::kCPU) && at::autocast::get_autocast_dtype(at::kCPU) == at::kBFloat16;
}

// Whether they also multiply in it: where that is quicker than float32.
bool multiplies_in_tiles() { return rounds_to_bfloat16() && kernels::has_tiles(); }

// The common source of the statistics of all norms in the gated layers; std::nullopt if the norms differ.
std::optional<kernels::NormSource> source_of(const std::vector<std::shared_ptr<GatedLayer>>& layers) {
  std::optional<kernels::NormSource> common;
  for (const auto& layer : layers) {
    for (const BatchNorm* norm : layer->norms()) {
      const kernels::NormSource source = source_of(*norm);
      if (common.value_or(source) != source) return std::nullopt;
      common = source;
    }
  }
  return common;
}

}  // namespace

GatedLayer::GatedLayer(int64_t in, int64_t dilation, const WaveNetConfig& config) {
  const int64_t channels = config.residual_channels, gate_channels = config.gate_channels;
  pre_ = register_module("pre", std::make_shared<TimeConv>(in, channels, TimeConv::Options{}));
  pre_norm_ = register_module("pre_norm", make_norm(channels, config));
  gated_ = register_module("gated", std::make_shared<TimeConv>(channels, 2 * gate_channels,
                                                               TimeConv::Options{.width = 2, .dilation = dilation, .merged = 2}));
  gated_norm_ = register_module("gated_norm", make_norm(2 * gate_channels, config));
  post_ = register_module("post", std::make_shared<TimeConv>(gate_channels, channels, TimeConv::Options{}));
  post_norm_ = register_module("post_norm", make_norm(channels, config));
}

GatedLayer::Output GatedLayer::forward(const at::Tensor& input) const {
  const at::Tensor x = normalised(*pre_, *pre_norm_, input, /*relu=*/true);
  const at::Tensor merged = normalised(*gated_, *gated_norm_, x, /*relu=*/false);
  const at::Tensor z = normalised(*post_, *post_norm_, kernels::gated_activation(merged), /*relu=*/true);
  return {x + z, z};
}

kernels::GatedLayerTensors GatedLayer::tensors() const {
  return {.pre_weight = pre_->weight,
          .pre_bias = pre_->bias,
          .pre_norm = pre_norm_->tensors(),
          .gated_weight = gated_->weight,
          .gated_bias = gated_->bias,
          .gated_norm = gated_norm_->tensors(),
          .post_weight = post_->weight,
          .post_bias = post_->bias,
          .post_norm = post_norm_->tensors(),
          .dilation = gated_->options().dilation};
}

at::Tensor gated_layers(const at::Tensor& input, const std::vector<std::shared_ptr<GatedLayer>>& layers, int64_t last_steps) {
  if (const auto source = source_of(layers)) {
    std::vector<kernels::GatedLayerTensors> tensors;
    for (const auto& layer : layers) tensors.push_back(layer->tensors());
    if (kernels::gated_stack_supports(input, tensors)) {
      const BatchNorm& norm = *layers[0]->norms()[0];
      return kernels::gated_stack(input, tensors,
                                  {.norm = *source,
                                   .eps = norm.eps(),
                                   .momentum = norm.momentum(),
                                   .sum = norm.sum(),
                                   .last_steps = last_steps,
                                   .stores_bfloat16 = rounds_to_bfloat16(),
                                   .in_tiles = multiplies_in_tiles()});
    }
  }
  at::Tensor x = input, skips;
  for (const auto& layer : layers) {
    const GatedLayer::Output output = layer->forward(x);
    x = output.next;
    skips = skips.defined() ? skips + output.skip : output.skip;
  }
  return last_steps > 0 ? skips.slice(1, skips.size(1) - last_steps) : skips;
}

WaveNet::WaveNet(const WaveNetConfig& config, int64_t steps, int64_t outputs) : config_(config), steps_(steps) {
  int64_t in = 1;
  auto folder = register_module("layers", std::make_shared<torch::nn::Module>());
  for (const int64_t dilation : dilations_of(config)) {
    const std::string number = std::to_string(layers_.size());
    auto layer = std::make_shared<GatedLayer>(in, dilation, config);
    layers_.push_back(folder->register_module(number, layer));
    add_layer("layers." + number, {layer});
    in = config.residual_channels;
  }
  tail1_ = register_module("tail1", std::make_shared<TimeConv>(in, config.tail_channels, TimeConv::Options{}));
  tail1_norm_ = register_module("tail1_norm", make_norm(config.tail_channels, config));
  tail2_ = register_module("tail2", std::make_shared<TimeConv>(config.tail_channels, 1, TimeConv::Options{}));
  tail2_norm_ = register_module("tail2_norm", make_norm(1, config));
  add_layer("tail", {tail1_, tail1_norm_, tail2_, tail2_norm_});
  q_hidden_ = register_module("q_hidden", std::make_shared<Dense>(config.keep_steps, config.dense_units));
  q_ = register_module("q", std::make_shared<Dense>(config.dense_units, 1));
  spin_hidden_ = register_module("spin_hidden", std::make_shared<Dense>(config.keep_steps, config.dense_units));
  spin_ = register_module("spin", std::make_shared<Dense>(config.dense_units, outputs - 1));
  add_layer("head", {q_hidden_, q_, spin_hidden_, spin_});
}

at::Tensor WaveNet::forward(const at::Tensor& input) {
  at::Tensor x = input.transpose(1, 2);  // [batch, time, channel]
  if (const int64_t skipped = skippable_steps(); skipped > 0) x = x.narrow(1, skipped, x.size(1) - skipped);
  const at::Tensor skips = gated_layers(x, layers_, tail_needs_all_steps() ? 0 : config_.keep_steps);
  // The fused layers of a CPU give float32 also under autocast. The small rest computes it, which bfloat16 would make slower.
  std::optional<c10::impl::ExcludeDispatchKeyGuard> no_autocast;
  if (skips.is_cpu() && skips.scalar_type() == at::kFloat) no_autocast.emplace(c10::autocast_dispatch_keyset);
  const at::Tensor kept = tail(skips);
  const at::Tensor q = q_->forward(q_hidden_->forward(kept).relu_());
  const at::Tensor spin = spin_->forward(spin_hidden_->forward(kept).relu_());
  return at::cat({q, spin}, 1);
}

bool WaveNet::tail_needs_all_steps() const {
  return tail1_norm_->uses_batch_statistics() || tail2_norm_->uses_batch_statistics();
}

at::Tensor WaveNet::tail(const at::Tensor& skips) {
  const at::Tensor thin = two_convolutions(skips);
  return last_steps(tail2_norm_->forward(thin.flatten(0, 1)).view(thin.sizes())).flatten(1);
}

at::Tensor WaveNet::two_convolutions(const at::Tensor& skips) const {
  const double rate = is_training() ? config_.dropout : 0;
  const kernels::TimeTailTensors tensors{.wide_weight = tail1_->weight,
                                         .wide_bias = tail1_->bias,
                                         .wide_norm = tail1_norm_->tensors(),
                                         .thin_weight = tail2_->weight,
                                         .thin_bias = tail2_->bias};
  if (kernels::time_tail_supports(skips, tensors)) {
    std::vector<kernels::DropoutKey> keys;
    for (int64_t sample = 0; sample < skips.size(0); ++sample) keys.push_back(dropout_key(randomness(), 0, sample));
    const kernels::TimeTailOptions options{.norm = source_of(*tail1_norm_),
                                           .eps = tail1_norm_->eps(),
                                           .momentum = tail1_norm_->momentum(),
                                           .sum = tail1_norm_->sum(),
                                           .dropout = rate,
                                           .keys = std::move(keys)};
    return kernels::time_tail(skips, tensors, options).unsqueeze(2);
  }
  const at::Tensor wide = normalised(*tail1_, *tail1_norm_, skips.relu(), /*relu=*/true);
  return tail2_->forward(dropout(wide, rate, randomness()));
}

at::Tensor WaveNet::last_steps(const at::Tensor& series) const {
  return series.narrow(1, series.size(1) - config_.keep_steps, config_.keep_steps);
}

int64_t WaveNet::skippable_steps() const {
  for (const auto& part : modules(/*include_self=*/false)) {
    const auto* norm = dynamic_cast<const BatchNorm*>(part.get());
    if (norm && norm->uses_batch_statistics()) return 0;
  }
  int64_t reach = 0;  // earlier steps on which an output depends
  for (const int64_t dilation : dilations_of(config_)) reach += dilation / 2;
  return std::max<int64_t>(0, steps_ - config_.keep_steps - reach);
}

std::vector<int64_t> dilations_of(const WaveNetConfig& config) {
  if (!config.dilations.empty()) return config.dilations;
  std::vector<int64_t> dilations;
  for (int64_t i = 0; i < config.cycles * config.layers_per_cycle; ++i) {
    dilations.push_back(int64_t{1} << (i % config.layers_per_cycle));
  }
  return dilations;
}

std::shared_ptr<Model> make(const WaveNetConfig& config, std::span<const int64_t> input_shape, int64_t outputs, uint64_t seed) {
  if (input_shape.size() != 2 || input_shape[0] != 1) {
    throw Error(ExitCode::usage, fmt::format("model.type: wavenet needs samples of shape [1, time]; these are {}",
                                             c10::str(at::IntArrayRef(input_shape.data(), input_shape.size()))));
  }
  if (outputs < 2) {
    throw Error(ExitCode::usage, fmt::format("model.type: wavenet has at least 2 outputs; the loss needs {}", outputs),
                "use loss.type: waveform_mse");
  }
  if (config.keep_steps > input_shape[1]) {
    throw Error(ExitCode::usage,
                fmt::format("model.keep_steps: {} is more than the {} time steps of a sample", config.keep_steps, input_shape[1]),
                "make it smaller, or the waveforms longer");
  }
  auto model = std::make_shared<WaveNet>(config, input_shape[1], outputs);
  initialise_glorot_uniform(*model, seed);
  return model;
}

}  // namespace hpcai::models
