// Norms of a list that are computed together with the layers behind them, against the same list with layers between that keep
// them apart.
#include <ATen/CPUGeneratorImpl.h>
#include <torch/csrc/autograd/function.h>
#include <torch/types.h>

#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "yaml_network.h"

namespace hpcai::models::network {
namespace {

const std::vector<int64_t> kShape = {3, 15, 12};
constexpr int64_t kOutputs = 4;

// A list of layers in which % stands where operations may be computed together. `apart`: they may not, because a layer is there
// that changes nothing.
std::shared_ptr<Model> network(std::string layers, bool apart, BatchNormMode mode, at::ScalarType type) {
  for (size_t place = 0; (place = layers.find('%')) != std::string::npos;) {
    layers.replace(place, 1, apart ? "crop: {begin: 0, end: 0}," : "");
  }
  NetworkConfig config = parsed("  layers: [" + layers + "]\n");
  config.batch_norm = mode;
  auto model = make_model(config, kShape, kOutputs, /*seed=*/3);
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(uint64_t{11});
  const at::NoGradGuard no_grad;
  for (at::Tensor& parameter : model->parameters()) parameter.add_(at::randn(parameter.sizes(), generator), 0.2);
  model->to(type);
  return model;
}

struct Result {
  std::vector<at::Tensor> tensors;       // output, gradients of the input and of the parameters, running statistics, evaluation
  std::set<std::string> operators = {};  // of the program's own kernels in the graph of the output
  int relus = 0;                         // that LibTorch computes
};

void add_operators(const torch::autograd::Node* node, std::set<const torch::autograd::Node*>& seen, Result& result) {
  if (!node || !seen.insert(node).second) return;
  const std::string name = node->name();
  if (name == "ReluBackward0") ++result.relus;
  if (const size_t place = name.rfind("::"); name.find("hpcai::kernels") != std::string::npos) {
    result.operators.insert(name.substr(place + 2, name.find('>', place) - place - 2));
  }
  for (const auto& edge : node->next_edges()) add_operators(edge.function.get(), seen, result);
}

Result result_of(const std::shared_ptr<Model>& model) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(uint64_t{7});
  const at::ScalarType type = model->parameters()[0].scalar_type();
  at::Tensor input = at::randn({4, kShape[0], kShape[1], kShape[2]}, generator).to(type).requires_grad_();
  const at::Tensor output = model->forward(input);
  Result result;
  std::set<const torch::autograd::Node*> seen;
  add_operators(output.grad_fn().get(), seen, result);
  (output * at::randn(output.sizes(), generator).to(type)).sum().backward();
  result.tensors = {output, input.grad()};
  for (const at::Tensor& parameter : model->parameters()) result.tensors.push_back(parameter.grad());
  for (const at::Tensor& buffer : model->buffers()) result.tensors.push_back(buffer);
  model->eval();
  result.tensors.push_back(model->forward(input));
  return result;
}

void check_close(const Result& value, const Result& expected, double tolerance) {
  REQUIRE(value.tensors.size() == expected.tensors.size());
  for (size_t i = 0; i < value.tensors.size(); ++i) {
    const double largest = expected.tensors[i].abs().max().item<double>();
    INFO("tensor " << i << ", largest value " << largest);
    CHECK((value.tensors[i].to(at::kDouble) - expected.tensors[i].to(at::kDouble)).abs().max().item<double>() <=
          tolerance * (largest + 1e-3));
  }
}

const std::string kConv = "conv: {channels: 16, kernel: 3, padding: 1, bias: false}, ";
const std::string kSeparable = "separable_conv: {channels: 16, kernel: 3, padding: same, bias: false}, ";
const std::string kEnd = "mean, dense: 8, relu, outputs";

struct Case {
  std::string layers;
  std::set<std::string> operators;  // that compute it in float32 with BatchNormMode::local
  bool norm_remains = false;        // a norm that is computed by itself
};

const std::vector<Case> kCases = {
    {kConv + "% batch_norm, % relu, % " + kSeparable + kEnd, {"NormDepthwise"}},
    {kConv + "% batch_norm, % " + kSeparable + kEnd, {"NormDepthwise"}},
    {kConv + "% relu, % " + kSeparable + kEnd, {"NormDepthwise"}},
    {kConv + "% batch_norm, % relu, % max_pool: {kernel: 3, stride: 2, padding: 1}, " + kEnd, {"NormPool"}},
    {kConv + "% batch_norm, % max_pool: {kernel: 3, stride: 2, padding: same}, " + kEnd, {"NormPool"}},
    // the norm at the end of the layers, that at the end of the shortcut, and that of a branch
    {kConv + "residual: [" + kSeparable + "% batch_norm, %], % relu, " + kEnd, {"BatchNormAdd"}},
    {kConv + "residual: {layers: [" + kSeparable + "% relu], shortcut: [" + kConv + "% batch_norm, %]}, " + kEnd,
     {"BatchNormAdd"}},
    {kConv + "residual: [% batch_norm, %], " + kEnd, {"BatchNormAdd"}},
    {kConv + "sum: [[% batch_norm, %], [% relu], [" + kConv + "% batch_norm, %]], % relu, " + kEnd, {"BatchNormAdd"}, true},
    // across the ends of lists
    {kConv + "repeat: {times: 2, layers: [% relu, % " + kSeparable + "% batch_norm, %]}, % relu, " + kEnd,
     {"NormDepthwise"},
     true},
    {"sequence: [" + kConv + "% batch_norm, %], sequence: [% relu], % " + kSeparable + kEnd, {"NormDepthwise"}},
    // another layer reads the value between
    {kConv + "batch_norm, add_to: s, relu, add_to: s, " + kSeparable + "add_to: s, take: s, " + kEnd, {}, true},
};

}  // namespace

TEST_CASE("norms of a list are computed together with the layers behind them, with the values of the layers one after another") {
  for (const Case& of : kCases) {
    for (const auto mode : {BatchNormMode::local, BatchNormMode::frozen, BatchNormMode::none}) {
      CAPTURE(of.layers, static_cast<int>(mode));
      const Result expected = result_of(network(of.layers, true, mode, at::kDouble));
      check_close(result_of(network(of.layers, false, mode, at::kDouble)), expected, 1e-10);
      const Result together = result_of(network(of.layers, false, mode, at::kFloat));
      const Result apart = result_of(network(of.layers, true, mode, at::kFloat));
      check_close(together, expected, 2e-4);
      CHECK(expected.operators.empty());
      if (mode == BatchNormMode::none) continue;
      CHECK(together.operators.contains("BatchNorm") == of.norm_remains);
      if (of.layers.find("% relu, % ") != std::string::npos) CHECK(together.relus < apart.relus);
      for (const std::string& name : of.operators) {
        CHECK(together.operators.contains(name));
        if (name != "NormDepthwise") CHECK_FALSE(apart.operators.contains(name));
      }
    }
  }
}

}  // namespace hpcai::models::network
