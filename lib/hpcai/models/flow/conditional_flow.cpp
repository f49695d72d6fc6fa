#include "hpcai/models/flow/conditional_flow.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "hpcai/core/random.h"

namespace hpcai::models {
namespace {

constexpr uint64_t kOrderSeed = 0;

// The order of the dimensions before layer `number`, in places after the layer before. Even layers shuffle; odd ones bring the
// dimensions forward that the even one moved.
std::vector<int64_t> order_of(int64_t number, int64_t dimensions) {
  if (number % 2 == 0) return permutation(dimensions, kOrderSeed, static_cast<uint64_t>(number));
  std::vector<int64_t> order(dimensions);
  for (int64_t place = 0; place < dimensions; ++place) order[place] = (place + dimensions / 2) % dimensions;
  return order;
}

// Even layers keep the smaller half and odd layers the other. A single dimension is moved by every layer.
int64_t kept_of(int64_t number, int64_t dimensions) {
  return number % 2 == 0 || dimensions == 1 ? dimensions / 2 : dimensions - dimensions / 2;
}

// Columns of value [batch, dimensions]: column i of the result is column order[i], or with `inverse` the other way round. It
// needs no table of indices, which would have to move between devices.
at::Tensor reordered(const at::Tensor& value, const std::vector<int64_t>& order, bool inverse) {
  const std::vector<at::Tensor> columns = value.unbind(1);
  std::vector<at::Tensor> result(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    if (inverse) {
      result[order[i]] = columns[i];
    } else {
      result[i] = columns[order[i]];
    }
  }
  return at::stack(result, 1);
}

// The logarithm of the density of standard normal numbers, [batch, dimensions] -> [batch]
at::Tensor log_standard_normal(const at::Tensor& base) {
  return base.square().sum(1) * -0.5 - 0.5 * std::log(2 * std::numbers::pi) * static_cast<double>(base.size(1));
}

}  // namespace

ConditionalFlow::ConditionalFlow(int64_t dimensions, int64_t features, const FlowConfig& config, Activation activation) {
  if (config.affine) affine_ = register_module("affine", std::make_shared<ConditionalAffine>(dimensions, features));
  auto folder = register_module("layers", std::make_shared<torch::nn::Module>());
  for (int64_t i = 0; i < config.layers; ++i) {
    const int64_t kept = kept_of(i, dimensions);
    auto coupling = std::make_shared<Coupling>(kept, dimensions - kept, features, config, activation);
    layers_.push_back({order_of(i, dimensions), folder->register_module(std::to_string(i), coupling)});
  }
}

void ConditionalFlow::start_as_identity() {
  if (affine_) affine_->start_as_identity();
  for (const Layer& layer : layers_) layer.coupling->start_as_identity();
}

at::Tensor ConditionalFlow::log_density(const at::Tensor& context, const at::Tensor& value) const {
  at::Tensor y = value, log_slope;
  const auto pass = [&](const auto& output) {
    y = output.value;
    log_slope = log_slope.defined() ? log_slope + output.log_slope : output.log_slope;
  };
  if (affine_) pass(affine_->forward(context, y, /*inverse=*/false));
  for (const Layer& layer : layers_) pass(layer.coupling->forward(context, reordered(y, layer.order, false), false));
  const at::Tensor of_base = log_standard_normal(y);
  return log_slope.defined() ? of_base + log_slope : of_base;
}

ConditionalDensity::Drawn ConditionalFlow::draw(const at::Tensor& context, const at::Tensor& base) const {
  at::Tensor value = base, log_density = log_standard_normal(base);
  for (auto layer = layers_.rbegin(); layer != layers_.rend(); ++layer) {
    const Coupling::Output output = layer->coupling->forward(context, value, /*inverse=*/true);
    value = reordered(output.value, layer->order, /*inverse=*/true);
    log_density = log_density - output.log_slope;
  }
  if (affine_) {
    const ConditionalAffine::Output output = affine_->forward(context, value, /*inverse=*/true);
    value = output.value;
    log_density = log_density - output.log_slope;
  }
  return {value, log_density};
}

}  // namespace hpcai::models
