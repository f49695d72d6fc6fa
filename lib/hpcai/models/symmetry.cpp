#include "hpcai/models/symmetry.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <variant>
#include <vector>

#include "hpcai/core/error.h"

namespace hpcai::models {

Symmetry symmetry_of(const ModelConfig& config) {
  if (const auto* xception = std::get_if<XceptionConfig>(&config)) return xception->symmetry;
  if (const auto* resnet = std::get_if<ResNetConfig>(&config)) return resnet->symmetry;
  return Symmetry::none;
}

at::Tensor square_view(const at::Tensor& images, int view) {
  return at::rot90(view >= kSquareViews / 2 ? images.flip({3}) : images, view % 4, {2, 3});
}

at::Tensor from_square_view(const at::Tensor& maps, int view) {
  const at::Tensor turned = at::rot90(maps, -(view % 4), {2, 3});
  return view >= kSquareViews / 2 ? turned.flip({3}) : turned;
}

at::Tensor symmetric_maps(Symmetry symmetry, const at::Tensor& images, bool together,
                          const std::function<at::Tensor(const at::Tensor&)>& maps) {
  if (symmetry == Symmetry::none) return maps(images);
  at::Tensor all;
  if (together) {
    std::vector<at::Tensor> views;
    for (int view = 0; view < kSquareViews; ++view) views.push_back(square_view(images, view));
    all = maps(at::cat(views));
  }
  const int64_t batch = images.size(0);
  at::Tensor sum;
  for (int view = 0; view < kSquareViews; ++view) {
    const at::Tensor turned =
        from_square_view(together ? all.narrow(0, view * batch, batch) : maps(square_view(images, view)), view);
    sum = sum.defined() ? sum + turned : turned;
  }
  return sum / kSquareViews;
}

void require_square(Symmetry symmetry, int64_t height, int64_t width) {
  if (symmetry == Symmetry::none || height == width) return;
  throw Error(
      ExitCode::usage,
      fmt::format("model.symmetry: d4 needs square images, which can be turned; these have {} x {} pixels", height, width),
      "Make the images square, for example with data.image_size or data.crop, or set model.symmetry to none.");
}

}  // namespace hpcai::models
