// The built-in networks written as lists of layers, in tests/fixtures/network.
#include <ATen/CPUGeneratorImpl.h>
#include <torch/types.h>

#include <catch2/catch.hpp>

#include "yaml_network.h"

namespace hpcai::models::network {
namespace {

struct Pair {
  std::shared_ptr<Model> built_in, listed;
  std::vector<int64_t> shape;  // of a sample
  int64_t outputs;
};

Pair xception_pair(uint64_t seed, BatchNormMode mode) {
  const std::vector<int64_t> shape{3, 65, 48};
  const XceptionConfig config{.width_factor = 0.05, .middle_blocks = 2, .head_units = 8, .dropout = 0.3, .batch_norm = mode};
  return {make_model(config, shape, 4, seed), make_fixture("xception.yaml", shape, 4, seed, mode), shape, 4};
}

Pair resnet_pair(uint64_t seed, BatchNormMode mode) {
  const std::vector<int64_t> shape{3, 48, 32};
  const ResNetConfig config{.blocks = {1, 2}, .width = 8, .batch_norm = mode};
  return {make_model(config, shape, 4, seed), make_fixture("resnet.yaml", shape, 4, seed, mode), shape, 4};
}

Pair wavenet_pair(uint64_t seed, BatchNormMode mode) {
  const std::vector<int64_t> shape{1, 60};
  const WaveNetConfig config{.residual_channels = 8,
                             .gate_channels = 8,
                             .layers_per_cycle = 3,
                             .cycles = 2,
                             .tail_channels = 12,
                             .keep_steps = 20,
                             .dense_units = 8,
                             .batch_norm = mode};
  return {make_model(config, shape, 5, seed), make_fixture("wavenet.yaml", shape, 5, seed, mode), shape, 5};
}

Pair stack_pair(uint64_t seed, BatchNormMode mode) {
  const std::vector<int64_t> shape{1, 60};
  const WaveNetConfig config{.residual_channels = 16,
                             .gate_channels = 16,
                             .layers_per_cycle = 4,
                             .cycles = 1,
                             .tail_channels = 12,
                             .keep_steps = 20,
                             .dense_units = 8,
                             .batch_norm = mode};
  return {make_model(config, shape, 5, seed), make_fixture("wavenet_stack.yaml", shape, 5, seed, mode), shape, 5};
}

std::vector<at::Tensor> tensors_in_order(const Model& model) {
  std::vector<at::Tensor> tensors = model.parameters();
  for (const at::Tensor& buffer : model.buffers()) tensors.push_back(buffer);
  return tensors;
}

void copy_weights(const Model& from, Model& to) {
  const at::NoGradGuard no_grad;
  const auto sources = tensors_in_order(from), targets = tensors_in_order(to);
  REQUIRE(sources.size() == targets.size());
  for (size_t i = 0; i < sources.size(); ++i) {
    REQUIRE(sources[i].sizes() == targets[i].sizes());
    at::Tensor target = targets[i];
    target.copy_(sources[i]);
  }
}

bool equal_weights(const Model& one, const Model& other) {
  const auto a = tensors_in_order(one), b = tensors_in_order(other);
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!at::equal(a[i], b[i])) return false;
  }
  return true;
}

std::vector<at::Tensor> copies(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> copies;
  for (const at::Tensor& tensor : tensors) copies.push_back(tensor.detach().clone());
  return copies;
}

at::Tensor batch_of(const Pair& pair, int64_t step) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<uint64_t>(100 + step));
  std::vector<int64_t> sizes = {4};
  sizes.insert(sizes.end(), pair.shape.begin(), pair.shape.end());
  return at::randn(sizes, generator);
}

// Steps of gradient descent with dropout, in the type of the weights.
void descend(Model& model, const Pair& pair, int64_t steps) {
  for (int64_t step = 0; step < steps; ++step) {
    model.set_randomness({.seed = 5, .step = step});
    const at::Tensor target = at::arange(4 * pair.outputs, at::kFloat).view({4, pair.outputs}).sin();
    model.zero_grad();
    const at::ScalarType type = model.parameters()[0].scalar_type();
    (model.forward(batch_of(pair, step).to(type)) - target).square().mean().backward();
    const at::NoGradGuard no_grad;
    for (at::Tensor& parameter : model.parameters()) {
      REQUIRE(parameter.grad().defined());
      parameter.sub_(parameter.grad(), 0.02);
    }
  }
}

}  // namespace

TEST_CASE(
    "Xception and ResNet as lists of layers begin as the built-in networks with the same seed, and train alike in float64") {
  const auto mode = GENERATE(BatchNormMode::local, BatchNormMode::frozen);
  const Pair pair = GENERATE(0, 1) == 0 ? xception_pair(3, mode) : resnet_pair(3, mode);
  CHECK(equal_weights(*pair.built_in, *pair.listed));
  for (const auto& model : {pair.built_in, pair.listed}) {
    model->to(at::kDouble);
    descend(*model, pair, 3);
  }
  const auto built_in = tensors_in_order(*pair.built_in), listed = tensors_in_order(*pair.listed);
  for (size_t i = 0; i < listed.size(); ++i) CHECK(at::allclose(built_in[i], listed[i], 1e-9, 1e-11));
  CHECK_FALSE(equal_weights(*pair.built_in, *xception_pair(3, mode).built_in));
}

TEST_CASE("Xception and ResNet as lists of layers train as the built-in networks in float32, up to rounding") {
  const auto mode = GENERATE(BatchNormMode::local, BatchNormMode::frozen, BatchNormMode::none);
  const Pair pair = GENERATE(0, 1) == 0 ? xception_pair(3, mode) : resnet_pair(3, mode);
  CAPTURE(static_cast<int>(mode));
  const std::vector<at::Tensor> start = copies(tensors_in_order(*pair.built_in));
  descend(*pair.built_in, pair, 2);
  descend(*pair.listed, pair, 2);
  const auto built_in = tensors_in_order(*pair.built_in), listed = tensors_in_order(*pair.listed);
  for (size_t i = 0; i < start.size(); ++i) {
    const double change = (built_in[i] - start[i]).abs().max().item<double>();
    INFO("tensor " << i << ", largest change " << change);
    CHECK((built_in[i] - listed[i]).abs().max().item<double>() <= 1e-3 * change + 1e-6);
  }
}

TEST_CASE("WaveNet as a list of layers trains as the built-in network, bit for bit from the same weights") {
  const Pair pair = GENERATE(0, 1) == 0 ? wavenet_pair(3, BatchNormMode::local) : stack_pair(3, BatchNormMode::local);
  copy_weights(*pair.built_in, *pair.listed);
  descend(*pair.built_in, pair, 3);
  descend(*pair.listed, pair, 3);
  CHECK(equal_weights(*pair.built_in, *pair.listed));
}

TEST_CASE("a WaveNet whose gated layers are a gated_stack begins with the weights of the built-in network") {
  const Pair pair = stack_pair(7, BatchNormMode::local);
  CHECK(equal_weights(*pair.built_in, *pair.listed));
}

TEST_CASE("the built-in networks as lists of layers have the same outputs and gradients in double precision") {
  const int which = GENERATE(0, 1, 2, 3);
  const auto mode = GENERATE(BatchNormMode::local, BatchNormMode::frozen, BatchNormMode::none);
  const Pair pair = which == 0   ? xception_pair(4, mode)
                    : which == 1 ? resnet_pair(4, mode)
                    : which == 2 ? wavenet_pair(4, mode)
                                 : stack_pair(4, mode);
  copy_weights(*pair.built_in, *pair.listed);
  const at::Tensor input = batch_of(pair, 0).to(at::kDouble);
  // Without statistics of the batch the built-in WaveNet computes the kept steps alone, so its dropout has other masks.
  const bool same_masks = which < 2 || mode == BatchNormMode::local;
  std::vector<at::Tensor> outputs;
  for (const auto& model : {pair.built_in, pair.listed}) {
    model->to(at::kDouble);
    model->train(same_masks);
    model->set_randomness({.seed = 2, .step = 9});
    outputs.push_back(model->forward(input));
    outputs.back().square().sum().backward();
    model->eval();
    outputs.push_back(model->forward(input));
  }
  CHECK(at::allclose(outputs[0], outputs[2], 1e-10, 1e-12));
  CHECK(at::allclose(outputs[1], outputs[3], 1e-10, 1e-12));
  const auto a = pair.built_in->parameters(), b = pair.listed->parameters();
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    const double largest = a[i].grad().abs().max().item<double>();
    INFO("parameter " << i << ", largest gradient " << largest);
    CHECK((a[i].grad() - b[i].grad()).abs().max().item<double>() <= 1e-8 * largest + 1e-10);
  }
}

}  // namespace hpcai::models::network
