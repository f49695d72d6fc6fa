#include "hpcai/kernels/batch_norm/cuda_batch_norm.h"

#include <torch/types.h>

#include <catch2/catch.hpp>

#include "hpcai/kernels/cuda_kernels.h"

// What happens around the passes of a batch norm on a GPU, with passes that a CPU can do.
namespace hpcai::kernels {
namespace {

constexpr double kEps = 1e-3, kMomentum = 0.1;

at::Tensor spread(const at::Tensor& values, const at::Tensor& like) {
  return like.dim() == 2 ? values : values.view({1, -1, 1, 1});
}
std::vector<int64_t> reduced(const at::Tensor& like) {
  return like.dim() == 2 ? std::vector<int64_t>{0} : std::vector<int64_t>{0, 2, 3};
}

at::Tensor sums(const at::Tensor& input) {
  const at::Tensor wide = input.to(at::kDouble);
  const at::Tensor count = at::full({1}, static_cast<double>(input.numel() / input.size(1)), at::kDouble);
  return at::cat({wide.sum(reduced(wide)), wide.square().sum(reduced(wide)), count});
}

at::Tensor statistics_of_sums(const at::Tensor& sums, const NormTensors& tensors, const BatchNormOptions& options) {
  const int64_t channels = tensors.gamma.numel();
  const at::Tensor n = sums[-1], mean = sums.narrow(0, 0, channels) / n,
                   variance = sums.narrow(0, channels, channels) / n - mean.square();
  const at::Tensor whole = options.offset.defined() ? mean + options.offset.detach() : mean;
  at::Tensor running_mean = tensors.running_mean, running_var = tensors.running_var;
  running_mean.lerp_(whole.to(at::kFloat), options.momentum);
  running_var.lerp_((variance * n / (n - 1)).to(at::kFloat), options.momentum);
  return at::stack({mean, (variance + options.eps).rsqrt()}).to(at::kFloat);
}

at::Tensor statistics(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options) {
  return statistics_of_sums(sums(input), tensors, options);
}

at::Tensor normalise(const at::Tensor& input, const at::Tensor& found, const NormTensors& tensors, bool relu) {
  const at::Tensor y = (input - spread(found[0], input)) * spread(found[1] * tensors.gamma, input) + spread(tensors.beta, input);
  return relu ? y.relu() : y;
}

at::Tensor through_relu(const at::Tensor& grad, const at::Tensor& input, const at::Tensor& found, const NormTensors& tensors,
                        bool relu) {
  return relu ? grad * (normalise(input, found, tensors, true) > 0) : grad;
}

CudaBatchNorm::GradientSums gradient_sums(const at::Tensor& grad, const at::Tensor& input, const at::Tensor& found,
                                          const NormTensors& tensors, bool relu, bool over_ranks) {
  const at::Tensor g = through_relu(grad, input, found, tensors, relu).to(at::kDouble);
  const at::Tensor sum = g.sum(reduced(g)), product = (g * (input - spread(found[0], input))).sum(reduced(g)),
                   inverse = found[1].to(at::kDouble);
  const double n = static_cast<double>(input.numel() / input.size(1));
  const at::Tensor gradients = at::stack({product * inverse, sum, at::zeros_like(sum)}).to(at::kFloat);
  if (over_ranks) return {.gradients = gradients, .input_terms = at::stack({sum, product})};
  return {.gradients = gradients, .input_terms = at::stack({sum / n, product * inverse.square() / n}).to(at::kFloat)};
}

at::Tensor input_gradient(const at::Tensor& grad, const at::Tensor& input, const at::Tensor& found,
                          const at::Tensor& coefficients, const NormTensors& tensors, bool relu) {
  const at::Tensor g = through_relu(grad, input, found, tensors, relu);
  const at::Tensor inner =
      g - spread(coefficients[0], input) - (input - spread(found[0], input)) * spread(coefficients[1], input);
  return spread(tensors.gamma * found[1], input) * inner;
}

class Emulated {
 public:
  Emulated() {
    cuda_kernels().batch_norm = {.statistics = statistics,
                                 .sums = sums,
                                 .statistics_of_sums = statistics_of_sums,
                                 .normalise = normalise,
                                 .gradient_sums = gradient_sums,
                                 .input_gradient = input_gradient};
  }
  ~Emulated() { cuda_kernels().batch_norm = before_; }

 private:
  const CudaBatchNorm before_ = cuda_kernels().batch_norm;
};

struct Layer {
  NormTensors tensors{
      .gamma = at::rand({6}) + 0.5, .beta = at::randn({6}), .running_mean = at::randn({6}), .running_var = at::rand({6}) + 0.5};
  Layer copy() const {
    Layer other;
    other.tensors = {.gamma = tensors.gamma.clone(),
                     .beta = tensors.beta.clone(),
                     .running_mean = tensors.running_mean.clone(),
                     .running_var = tensors.running_var.clone()};
    return other;
  }
};

void compare(const std::vector<int64_t>& shape, const BatchNormOptions& options) {
  const Layer layer, twin = layer.copy();
  for (const Layer& each : {layer, twin}) {
    each.tensors.gamma.requires_grad_();
    each.tensors.beta.requires_grad_();
  }
  const at::Tensor values = at::randn(shape) * 2 + 1, grad = at::randn(shape);
  const at::Tensor input = values.clone().requires_grad_(), expected_input = values.clone().requires_grad_();
  const at::Tensor output = cuda_batch_norm(input, layer.tensors, options);
  BatchNormOptions detached = options;
  if (options.offset.defined()) detached.offset = options.offset.detach();
  const at::Tensor expected = batch_norm_reference(expected_input, twin.tensors, detached);
  output.backward(grad);
  expected.backward(grad);
  CHECK(at::allclose(output, expected, 1e-4, 1e-5));
  CHECK(at::allclose(input.grad(), expected_input.grad(), 1e-4, 1e-5));
  CHECK(at::allclose(layer.tensors.gamma.grad(), twin.tensors.gamma.grad(), 1e-4, 1e-4));
  CHECK(at::allclose(layer.tensors.beta.grad(), twin.tensors.beta.grad(), 1e-4, 1e-4));
  CHECK(at::allclose(layer.tensors.running_mean, twin.tensors.running_mean, 1e-4, 1e-5));
  CHECK(at::allclose(layer.tensors.running_var, twin.tensors.running_var, 1e-4, 1e-5));
}

}  // namespace

TEST_CASE("the passes of a batch norm on a GPU add up to the reference of batch norm") {
  const Emulated emulated;
  at::manual_seed(1);
  const auto shape = GENERATE(std::vector<int64_t>{40, 6}, std::vector<int64_t>{3, 6, 4, 5});
  for (const auto source : {NormSource::batch, NormSource::running}) {
    for (const bool relu : {false, true}) compare(shape, {.norm = source, .eps = kEps, .momentum = kMomentum, .relu = relu});
  }
  const auto two_equal_ranks = [](at::Tensor& sums) { sums.mul_(2); };
  const BatchNormOptions joined{.eps = kEps, .sum = two_equal_ranks, .relu = true};
  const Layer layer;
  const at::Tensor half = at::randn(shape), whole = at::cat({half, half});
  CHECK(at::allclose(at::cat({cuda_batch_norm(half, layer.tensors, joined), cuda_batch_norm(half, layer.tensors, joined)}),
                     cuda_batch_norm(whole, layer.tensors, {.eps = kEps, .relu = true}), 1e-4, 1e-5));
}

TEST_CASE("an offset of a batch norm on a GPU has a gradient, of zero, and only if it wants one") {
  const Emulated emulated;
  at::manual_seed(2);
  const at::Tensor offset = at::randn({6}).requires_grad_();
  compare({50, 6}, {.eps = kEps, .momentum = kMomentum, .relu = true, .offset = offset});
  CHECK(offset.grad().equal(at::zeros({6})));
  compare({50, 6}, {.eps = kEps, .momentum = kMomentum, .relu = true, .offset = at::randn({6})});
}

}  // namespace hpcai::kernels
