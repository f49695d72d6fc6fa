#include "hpcai/inference/explanation/grad_cam.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

namespace hpcai::inference {

at::Tensor grad_cam(models::MapNetwork& network, const at::Tensor& input, const at::Tensor& target) {
  at::Tensor maps;
  {
    const at::NoGradGuard no_grad;
    maps = network.maps(input);
  }
  maps = maps.detach().requires_grad_();
  const at::AutoGradMode with_gradients(true);
  const at::Tensor scores = network.classify(network.summarise(maps)).gather(1, target.unsqueeze(1));
  const at::Tensor gradient = torch::autograd::grad({scores.sum()}, {maps})[0];
  const at::NoGradGuard no_grad;
  return (gradient.mean({2, 3}, /*keepdim=*/true) * maps).sum(1).relu();
}

at::Tensor resize_maps(const at::Tensor& maps, int64_t height, int64_t width) {
  return at::upsample_bilinear2d(maps.unsqueeze(1), {height, width}, /*align_corners=*/false).squeeze(1);
}

}  // namespace hpcai::inference
