#include "hpcai/kernels/once_differentiable.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "hpcai/kernels/gated_activation/gated_activation.h"
#include "hpcai/kernels/gated_stack/gated_stack.h"
#include "hpcai/kernels/norm_depthwise/norm_depthwise.h"
#include "hpcai/kernels/norm_pool/norm_pool.h"
#include "hpcai/kernels/patch_convolution/patch_convolution.h"
#include "hpcai/kernels/pixel_product/pixel_product.h"
#include "hpcai/kernels/spline/spline.h"
#include "hpcai/kernels/time_tail/time_tail.h"
#include "hpcai/kernels/winograd/winograd.h"
#include "unit/kernels/convolution_check.h"

namespace hpcai::kernels {
namespace {

at::Tensor leaf(at::IntArrayRef sizes) { return at::randn(sizes).requires_grad_(); }

at::Tensor image(int64_t channels) {
  return at::randn({2, channels, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
}

// An operator of one tensor.
struct Case {
  std::string name;
  at::Tensor input;
  std::function<at::Tensor(const at::Tensor&)> apply;
};

at::Tensor tail_of(const at::Tensor& skips) {
  const TimeTailTensors tail{.wide_weight = leaf({32, 16, 1}),
                             .wide_bias = leaf({32}),
                             .wide_norm = copied(random_norm(32), at::kFloat),
                             .thin_weight = leaf({1, 32, 1}),
                             .thin_bias = leaf({1})};
  return time_tail(skips, tail, {.eps = 1e-3, .momentum = 0.1});
}

// A stack of one layer as a function of its first weight.
at::Tensor stack_of(const at::Tensor& weight) {
  const GatedLayerTensors layer{.pre_weight = weight,
                                .pre_bias = at::zeros({16}),
                                .pre_norm = copied(random_norm(16), at::kFloat),
                                .gated_weight = at::ones({32, 16, 2}) / 16,
                                .gated_bias = at::zeros({32}),
                                .gated_norm = copied(random_norm(32), at::kFloat),
                                .post_weight = at::ones({16, 16, 1}) / 4,
                                .post_bias = at::zeros({16}),
                                .post_norm = copied(random_norm(16), at::kFloat)};
  return gated_stack(at::arange(24, at::kFloat).sin().view({2, 12, 1}), {layer}, {.eps = 1e-3, .momentum = 0.1});
}

std::vector<Case> cases() {
  at::manual_seed(5);
  const NormTensors norm = copied(random_norm(32), at::kFloat);
  const BatchNormOptions options{.eps = 1e-3, .momentum = 0.1};
  const at::Tensor addend = image(32).detach(), depthwise = leaf({32, 1, 3, 3}), pixel = leaf({32, 32, 1, 1}),
                   square = leaf({32, 32, 3, 3}), splines = leaf({6, 4, 3 * 5 - 1});
  return {
      {"batch_norm", image(32), [=](const at::Tensor& x) { return batch_norm(x, norm, options); }},
      {"batch_norm_add", image(32), [=](const at::Tensor& x) { return batch_norm_add(x, addend, norm, options); }},
      {"norm_depthwise", image(32), [=](const at::Tensor& x) { return norm_depthwise(x, depthwise, norm, options); }},
      {"norm_pool", image(32),
       [=](const at::Tensor& x) {
    return norm_pool(x, norm, options, {1, 1});
       }},
      {"winograd", image(32), [=](const at::Tensor& x) { return winograd(x, square, 1); }},
      {"pixel_product", image(32), [=](const at::Tensor& x) { return pixel_product(x, pixel); }},
      {"patch_convolution", image(32), [=](const at::Tensor& x) { return patch_convolution(x, square, 2, 1); }},
      {"gated_activation", leaf({4, 32}), [](const at::Tensor& x) { return gated_activation(x); }},
      {"time_tail", leaf({2, 8, 16}), tail_of},
      {"gated_stack", leaf({16, 1, 1}), stack_of},
      {"spline", leaf({6, 4}), [=](const at::Tensor& x) { return spline(x, splines, 3, false).value; }},
      };
}

}  // namespace

TEST_CASE("the gradient of a fused operator has no derivative, and says so") {
  for (const Case& of : cases()) {
    CAPTURE(of.name);
    const auto gradient = [&](bool recorded) {
      at::manual_seed(8);
      const at::Tensor output = of.apply(of.input).square().sum();
      return torch::autograd::grad({output}, {of.input}, {}, /*retain_graph=*/recorded, /*create_graph=*/recorded)[0];
    };
    const at::Tensor recorded = gradient(true);
    CHECK(recorded.equal(gradient(false)));
    CHECK_THROWS_WITH(recorded.square().sum().backward(), Catch::Contains(of.name + ": its gradient has no derivative"));
  }
}

TEST_CASE("the plain twin of a norm over ranks has a second derivative") {
  at::manual_seed(6);
  const at::Tensor mine = at::randn({4, 3}, at::kDouble), all = at::cat({mine, mine});
  const NormTensors norm = copied(random_norm(3), at::kDouble);
  const auto second = [&](at::Tensor input, const Sum& sum) {
    input.requires_grad_();
    const at::Tensor output = batch_norm_reference(input, norm, {.eps = 1e-3, .sum = sum});
    const at::Tensor first = torch::autograd::grad({output.pow(3).sum()}, {input}, {}, true, /*create_graph=*/true)[0];
    return torch::autograd::grad({first.square().sum()}, {input})[0];
  };
  const auto both = [](at::Tensor& values) {  // two ranks with equal values; as an exchange does, past autograd
    const at::NoGradGuard no_grad;
    values.mul_(2);
  };
  CHECK(at::allclose(second(mine, both), second(all, {}).narrow(0, 0, 4), 1e-9, 1e-12));
}

}  // namespace hpcai::kernels
