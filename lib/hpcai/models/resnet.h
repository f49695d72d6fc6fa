#pragma once

#include <memory>
#include <vector>

#include "hpcai/models/feature_network.h"
#include "hpcai/models/layers.h"

namespace hpcai::models {

// A residual block of three convolutions, 1x1, 3x3 (which has the stride: "v1.5") and 1x1, each with batch norm, and a shortcut.
// Its output is [batch, 4 middle, height / stride, width / stride], sizes rounded up.
class Bottleneck : public torch::nn::Module {
 public:
  // Channels: in -> middle -> middle -> 4 middle.
  Bottleneck(int64_t in, int64_t middle, int64_t stride, const ResNetConfig& config);
  at::Tensor forward(const at::Tensor& input) const;  // [batch, in, height, width] -> see above

 private:
  std::vector<std::shared_ptr<Conv2d>> convs_;
  std::vector<std::shared_ptr<BatchNorm>> norms_;
  std::shared_ptr<Conv2d> shortcut_;  // null if input and output have the same shape
  std::shared_ptr<BatchNorm> shortcut_norm_;
};

// ResNet with bottleneck blocks. [batch, 3, height, width] -> logits [batch, classes]. The parameters have the names of
// torchvision.models.resnet50. The tensors inside are channels-last. The features are the averages of the last maps.
// With ResNetConfig::symmetry the maps are symmetric_maps() of those of the plain network, whose tensors have the same names.
class ResNet : public MapNetwork {
 public:
  ResNet(const ResNetConfig& config, int64_t classes);
  at::Tensor maps(const at::Tensor& input) override;
  at::Tensor summarise(const at::Tensor& maps) override;
  at::Tensor classify(const at::Tensor& features) override;
  int64_t feature_count() const override { return fc_->weight.size(1); }
  bool reads_means_of_maps() const override { return true; }

 private:
  at::Tensor plain_maps(const at::Tensor& input);

  Symmetry symmetry_;
  std::shared_ptr<Conv2d> conv1_;
  std::shared_ptr<BatchNorm> bn1_;
  std::vector<std::shared_ptr<Bottleneck>> blocks_;
  std::shared_ptr<Dense> fc_;
};

}  // namespace hpcai::models
