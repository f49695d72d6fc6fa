#include "hpcai/inference/explanation/occlusion.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace hpcai::inference {
namespace {

// The first pixels of the patches along a side.
std::vector<int64_t> patch_places(int64_t side, int64_t patch, int64_t stride) {
  std::vector<int64_t> places;
  for (int64_t first = 0; first + patch < side; first += stride) places.push_back(first);
  places.push_back(side - patch);
  return places;
}

}  // namespace

at::Tensor occlusion_map(models::Model& model, const at::Tensor& image, int64_t target, const OcclusionOptions& options) {
  if (options.stride < 1 || options.patch < options.stride || options.batch < 1) {
    throw std::invalid_argument("occlusion_map: patch, stride and batch do not fit");
  }
  const at::NoGradGuard no_grad;
  const int64_t height = image.size(1), width = image.size(2);
  const int64_t rows = std::min(options.patch, height), columns = std::min(options.patch, width);
  std::vector<std::pair<int64_t, int64_t>> places;
  for (const int64_t top : patch_places(height, rows, options.stride)) {
    for (const int64_t left : patch_places(width, columns, options.stride)) places.emplace_back(top, left);
  }
  const auto probability = [&](const at::Tensor& images) {
    return model.forward(images).to(at::kFloat).softmax(1).select(1, target).to(at::kCPU, at::kDouble);
  };
  const at::Tensor cover = std::get<0>(image.flatten(1).median(1)).reshape({-1, 1, 1});
  const double uncovered = probability(image.unsqueeze(0))[0].item<double>();
  at::Tensor falls = at::zeros({height, width}, at::kDouble), patches = at::zeros({height, width}, at::kDouble);
  const auto part = [&](const at::Tensor& of, const std::pair<int64_t, int64_t>& place, int64_t first) {
    return of.narrow(first, place.first, rows).narrow(first + 1, place.second, columns);
  };
  for (size_t begin = 0; begin < places.size(); begin += static_cast<size_t>(options.batch)) {
    const size_t count = std::min(places.size() - begin, static_cast<size_t>(options.batch));
    const at::Tensor images = image.unsqueeze(0).repeat({static_cast<int64_t>(count), 1, 1, 1});
    for (size_t k = 0; k < count; ++k) part(images[static_cast<int64_t>(k)], places[begin + k], 1).copy_(cover);
    const at::Tensor covered = probability(images);
    for (size_t k = 0; k < count; ++k) {
      part(falls, places[begin + k], 0).add_(uncovered - covered[static_cast<int64_t>(k)].item<double>());
      part(patches, places[begin + k], 0).add_(1);
    }
  }
  return (falls / patches).to(at::kFloat);
}

}  // namespace hpcai::inference
