#include <ATen/record_function.h>
#include <torch/types.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "autocast.h"
#include "hpcai/kernels/bfloat16_products.h"
#include "hpcai/models/layers.h"
#include "hpcai/models/resnet.h"
#include "hpcai/models/xception.h"
#include "unit/kernels/convolution_check.h"

namespace hpcai::models {
namespace {

using kernels::largest_error;

// As a part of the length of `expected`.
double distance(const at::Tensor& value, const at::Tensor& expected) {
  return ((value.to(at::kDouble) - expected).norm() / expected.norm()).item<double>();
}

at::Tensor images(at::IntArrayRef sizes) { return at::randn(sizes).contiguous(at::MemoryFormat::ChannelsLast); }

struct Case {
  int64_t in, out, kernel;
  Conv2d::Options options;
};

Case any_case() {
  return GENERATE(Case{32, 64, 1, {}},                                        // pixel_product
                  Case{32, 64, 1, {.stride = 2}},                             // the same, strided
                  Case{32, 48, 3, {.padding = 1}},                            // winograd
                  Case{32, 48, 3, {.stride = 2, .padding = 1}},               // patch_convolution
                  Case{8, 16, 5, {.stride = 2, .padding = 2, .bias = true}},  // widened_convolution
                  Case{16, 16, 3, {.stride = 2, .padding = 1, .groups = 16}});
}

std::shared_ptr<Conv2d> convolution(const Case& of) {
  auto conv = std::make_shared<Conv2d>(of.in, of.out, of.kernel, of.options);
  const at::NoGradGuard no_grad;
  for (at::Tensor& parameter : conv->parameters()) parameter.normal_();
  return conv;
}

// Of the weight, where the machine's products of bfloat16 are slow: it is not rounded then.
double weight_tolerance() { return kernels::bfloat16_products() == kernels::Bfloat16Products::slow ? 2e-4 : 1e-2; }

// Compares the convolution of `input` under autocast, and its gradients, with those in float64.
void check_convolution(const Conv2d& conv, const Case& of, const at::Tensor& input) {
  const at::Tensor x = input.detach().clone().requires_grad_(input.requires_grad());
  const at::Tensor output = [&] {
    const CpuAutocast autocast(at::kBFloat16);
    return conv.forward(x);
  }();
  CHECK(output.scalar_type() == at::kBFloat16);
  const auto exact_of = [](const at::Tensor& tensor) {
    return tensor.defined() ? tensor.detach().to(at::kDouble).requires_grad_() : at::Tensor();
  };
  const at::Tensor exact_x = exact_of(input), weight = exact_of(conv.weight), bias = exact_of(conv.bias);
  const at::Tensor exact = at::conv2d(exact_x, weight, bias, of.options.stride, of.options.padding, 1, of.options.groups);
  const double rounding = 1.0 / 256, tolerance = weight_tolerance();
  CHECK(largest_error(output, exact) < rounding + tolerance);
  const at::Tensor grad = at::randn(exact.sizes()).to(at::kBFloat16);
  output.backward(grad);
  exact.backward(grad.to(at::kDouble));
  CHECK(conv.weight.grad().scalar_type() == at::kFloat);
  CHECK(largest_error(conv.weight.grad(), weight.grad()) < tolerance);
  if (bias.defined()) CHECK(largest_error(conv.bias.grad(), bias.grad()) < tolerance);
  if (x.requires_grad()) {
    CHECK(x.grad().scalar_type() == x.scalar_type());
    CHECK(largest_error(x.grad(), exact_x.grad()) < rounding + tolerance);
  }
}

TEST_CASE("convolutions under autocast keep bfloat16 images and float32 weights, as close to float64 as one rounding allows") {
  at::manual_seed(1);
  const Case of = any_case();
  CAPTURE(of.in, of.out, of.kernel, of.options.stride);
  check_convolution(*convolution(of), of, images({2, of.in, 20, 22}).to(at::kBFloat16).requires_grad_());
}

TEST_CASE("the first convolution under autocast does not round the images of the network") {
  at::manual_seed(2);
  const Case of{3, 16, 7, {.stride = 2, .padding = 3}};
  check_convolution(*convolution(of), of, images({2, 3, 30, 28}));
}

TEST_CASE("float32 images are rounded under autocast, and their gradients are float32") {
  at::manual_seed(3);
  const Case of{32, 64, 1, {}};
  const at::Tensor input = images({2, 32, 9, 8}).to(at::kBFloat16).to(at::kFloat);
  check_convolution(*convolution(of), of, input.requires_grad_());
}

TEST_CASE("under autocast to float16 all convolutions are LibTorch's") {
  at::manual_seed(4);
  const auto conv = convolution({32, 48, 3, {.padding = 1}});
  const at::NoGradGuard no_grad;
  const at::Tensor input = images({1, 32, 12, 12});
  const CpuAutocast autocast(at::kHalf);
  CHECK(conv->forward(input).equal(at::conv2d(input, conv->weight, {}, 1, 1)));
}

TEST_CASE("LibTorch's observers see each convolution by the program's own kernels") {
  static int64_t weights = 0;
  weights = 0;
  const auto handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback([](const at::RecordFunction& function) -> std::unique_ptr<at::ObserverContext> {
        const std::string name = function.name();
        if (name == kConvolutionName || (name == "aten::convolution" && weights == 0))
          weights += function.inputs()[1].toTensor().numel();
        return nullptr;
      }).needsInputs(true));
  const Case of = any_case();
  const auto conv = convolution(of);
  conv->forward(images({2, of.in, 20, 22}));
  at::removeCallback(handle);
  CHECK(weights == conv->weight.numel());
}

// Compares a block under autocast with the same one in float64: the output, and the gradients of a loss that depends on each of
// its values.
template <class Block>
void check_block(Block& block, const at::Tensor& input) {
  {
    const at::NoGradGuard no_grad;
    for (at::Tensor& parameter : block.parameters()) {
      if (parameter.dim() == 4) parameter.normal_(0, 0.1);
    }
  }
  at::Tensor output;
  {
    const CpuAutocast autocast(at::kBFloat16);
    output = block.forward(input);
  }
  const at::Tensor direction = at::randn(output.sizes(), at::kDouble);
  (output.to(at::kDouble) * direction).sum().backward();
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : block.parameters()) {
    CHECK(parameter.grad().scalar_type() == at::kFloat);
    gradients.push_back(parameter.grad().clone());
  }
  block.zero_grad();
  block.to(at::kDouble);
  const at::Tensor exact = block.forward(input.to(at::kDouble));
  (exact * direction).sum().backward();
  CHECK(distance(output, exact.detach()) < 0.02);
  for (size_t i = 0; i < gradients.size(); ++i) {
    CAPTURE(i, gradients[i].sizes());
    CHECK(distance(gradients[i], block.parameters()[i].grad()) < 0.15);
  }
}

TEST_CASE("a residual block under autocast agrees with float64 within the noise of bfloat16") {
  at::manual_seed(5);
  const int64_t stride = GENERATE(1, 2);
  Bottleneck block(64, 32, stride, {});
  check_block(block, images({4, 64, 20, 18}));
}

// As Xception's blocks with a strided shortcut.
struct DownBlock : torch::nn::Module {
  DownBlock() {
    const auto make_norm = [](int64_t channels) {
      return std::make_shared<BatchNorm>(channels, BatchNormMode::local, 1e-5, 0.1);
    };
    separable = register_module("separable", std::make_shared<SeparableConv2d>(32, 64));
    shortcut = register_module("shortcut", std::make_shared<Conv2d>(32, 64, 1, Conv2d::Options{.stride = 2}));
    first = register_module("first", make_norm(32));
    last = register_module("last", make_norm(64));
    of_shortcut = register_module("of_shortcut", make_norm(64));
  }

  at::Tensor forward(const at::Tensor& input) const {
    const auto [output, others_input] = shortcut->forward_fork(input);
    const at::Tensor x = separable->forward_behind(first.get(), /*relu=*/true, others_input);
    return of_shortcut->forward_add(output, pool_behind(*last, /*relu=*/false, x, {1, 1}), /*relu=*/false);
  }

  std::shared_ptr<SeparableConv2d> separable;
  std::shared_ptr<Conv2d> shortcut;
  std::shared_ptr<BatchNorm> first, last, of_shortcut;
};

TEST_CASE("a block of Xception under autocast agrees with float64 within the noise of bfloat16") {
  at::manual_seed(6);
  DownBlock block;
  check_block(block, images({4, 32, 20, 18}));
}

}  // namespace
}  // namespace hpcai::models
