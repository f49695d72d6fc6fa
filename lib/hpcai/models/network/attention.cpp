#include "hpcai/models/network/attention.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

#include "hpcai/models/dropout.h"
#include "hpcai/models/initialise.h"

namespace hpcai::models::network {
namespace {

// The weights of torch.nn.MultiheadAttention, with its names: queries, keys and values are merged.
struct AttentionModule : torch::nn::Module, HasOwnStart {
  explicit AttentionModule(int64_t features) {
    in_proj_weight = register_parameter("in_proj_weight", torch::zeros({3 * features, features}));
    in_proj_bias = register_parameter("in_proj_bias", torch::zeros({3 * features}));
    auto out_proj = register_module("out_proj", std::make_shared<torch::nn::Module>());
    out_weight = out_proj->register_parameter("weight", torch::zeros({features, features}));
    out_bias = out_proj->register_parameter("bias", torch::zeros({features}));
  }

  void start(at::Generator& generator) override {
    const auto features = static_cast<double>(out_bias.size(0));
    fill_uniform(in_proj_weight, std::sqrt(6 / (4 * features)), generator);
    fill_uniform(out_weight, 1 / std::sqrt(features), generator);
  }

  at::Tensor in_proj_weight, in_proj_bias, out_weight, out_bias;
};

constexpr double kNotSeen = -30000;  // a score whose weight is 0; also half knows it

// softmax(q k^T / sqrt(features of a head)) v for each head; input [batch, steps, features] -> the same shape. Made of operators
// whose gradients are the same in each run.
at::Tensor attend(const at::Tensor& input, const Shape& shape, const AttentionModule& module, const AttentionLayer& config,
                  uint64_t dropout_number, const Pass& pass) {
  const int64_t batch = input.size(0), steps = input.size(1), features = input.size(2), each = features / config.heads;
  const at::Tensor merged = at::linear(input, module.in_proj_weight, module.in_proj_bias);
  const at::Tensor heads = merged.view({batch, steps, 3, config.heads, each}).permute({2, 0, 3, 1, 4});
  const at::Tensor queries = heads[0] / std::sqrt(static_cast<double>(each));
  at::Tensor scores = queries.matmul(heads[1].transpose(-2, -1));  // [batch, heads, steps, steps]
  if (config.causal) {
    const at::Tensor later = at::ones({steps, steps}, scores.options().dtype(at::kBool)).triu(1);
    scores = scores.masked_fill(later, -std::numeric_limits<double>::infinity());
  }
  // A finite number, because a sequence may have no step left.
  if (shape.steps) {
    const at::Tensor behind = pass.mask(shape).logical_not().unsqueeze(1).unsqueeze(1);
    scores = scores.masked_fill(behind, kNotSeen);
  }
  at::Tensor weights = scores.softmax(-1);
  if (pass.training) weights = dropout(weights, config.dropout, pass.randomness, dropout_number);
  const at::Tensor found = weights.to(heads.scalar_type()).matmul(heads[2]);
  return at::linear(found.transpose(1, 2).reshape({batch, steps, features}), module.out_weight, module.out_bias);
}

// [steps, features]: feature 2 i is sin(step / 10000^(2 i / features)), feature 2 i + 1 the cosine.
at::Tensor sines(int64_t steps, int64_t features, const at::Tensor& like) {
  const auto options = like.options().dtype(like.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
  const at::Tensor rates = at::exp(at::arange(0, features, 2, options) * (-std::log(10000.0) / static_cast<double>(features)));
  const at::Tensor angles = at::arange(steps, options).unsqueeze(1) * rates;
  const at::Tensor both = at::stack({angles.sin(), angles.cos()}, 2).flatten(1);
  return both.narrow(1, 0, features).to(like.scalar_type());
}

struct PositionModule : torch::nn::Module, HasOwnStart {
  PositionModule(int64_t steps, int64_t features) { values = register_parameter("values", torch::zeros({steps, features})); }
  void start(at::Generator& generator) override { fill_normal(values, 0.02, generator); }

  at::Tensor values;  // [steps, features]
};

}  // namespace

Plan plan(const AttentionLayer& config, const Shape& input, Planner&) {
  require_sequence(input);
  if (input.channels % config.heads != 0) {
    throw Fault{fmt::format("heads {} do not divide the {} features", config.heads, input.channels), ""};
  }
  require_moderate(4.0 * static_cast<double>(input.channels) * static_cast<double>(input.channels));
  return {input, [config, input](Assembly& assembly) {
            const auto module = std::make_shared<AttentionModule>(input.channels);
            const uint64_t number = assembly.dropouts;
            if (config.dropout > 0) ++assembly.dropouts;
            return Made{[=](const at::Tensor& x, Pass& pass) { return attend(x, input, *module, config, number, pass); }, module};
          }};
}

Plan plan(const PositionalEncodingLayer& config, const Shape& input, Planner&) {
  require_sequence(input);
  const int64_t steps = input.extents[0], features = input.channels;
  if (!config.trained) {
    return plain(input, [=](const at::Tensor& x, Pass&) { return x + sines(steps, features, x); });
  }
  require_moderate(static_cast<double>(steps) * static_cast<double>(features));
  return {input, [=](Assembly&) {
            const auto module = std::make_shared<PositionModule>(steps, features);
            return Made{[module](const at::Tensor& x, Pass&) { return x + module->values; }, module};
          }};
}

}  // namespace hpcai::models::network
