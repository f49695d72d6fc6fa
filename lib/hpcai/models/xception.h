#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hpcai/models/feature_network.h"
#include "hpcai/models/layers.h"

namespace hpcai::models {

inline constexpr double kTimmNormEps = 1e-5;  // of timm's batch norms; Keras's are kKerasNormEps

// A depthwise 3x3 convolution and a pointwise 1x1 convolution, without bias: Keras's SeparableConv2D with "same" padding.
class SeparableConv2d : public torch::nn::Module {
 public:
  SeparableConv2d(int64_t in, int64_t out);
  // Of Conv2d::forward_behind(norm, relu, input): [batch, in, height, width] -> [batch, out, height, width]
  at::Tensor forward_behind(BatchNorm* norm, bool relu, const at::Tensor& input) const;

 private:
  std::shared_ptr<Conv2d> depthwise_, pointwise_;
};

// Xception as in Keras (keras.applications, Chollet 2017) with the galaxy classifier's head: average pool, dense 1024 relu,
// dropout, dense 1024 relu, dense classes. [batch, 3, height, width] -> logits [batch, classes]; the loss applies the softmax.
// The tensors inside are channels-last. The features are the output of the second dense layer, after its relu; the maps are those
// that the average pool reads.
//
// timm's network (legacy_xception, after Cadene's pretrained-models.pytorch) has the same layers, but its pools pad one row on
// both sides also for even sizes, and its batch norms have an eps of 1e-5. XceptionConfig::implementation chooses between the
// two.
//
// With XceptionConfig::symmetry the maps are symmetric_maps() of those of the plain network, whose tensors have the same names.
//
// Module names are Keras's layer names; the four unnamed residual convolutions are blockN_residual and their batch norms
// blockN_residual_bn. With the published size, layers() has Keras's 137 entries in Keras's order:
//     0 input          1 block1_conv1     2 block1_conv1_bn  ...  15 block2_add   25 block3_add   35 block4_add
//    36 block5_sepconv1_act .. 45 block5_add (ten a block), ..., 106 block12_sepconv1_act .. 115 block12_add
//    40 block5_sepconv2 (start of the galaxy paper's second stage; its third starts at 2)
//   116 block13_sepconv1_act .. 125 block13_add   126 block14_sepconv1 .. 131 block14_sepconv2_act
//   132 head (average pool)   133 head_dense1   134 head_dropout   135 head_dense2   136 predictions
class Xception : public MapNetwork {
 public:
  Xception(const XceptionConfig& config, int64_t classes);
  at::Tensor maps(const at::Tensor& input) override;
  at::Tensor summarise(const at::Tensor& maps) override;
  at::Tensor classify(const at::Tensor& features) override;
  int64_t feature_count() const override { return config_.head_units; }
  bool reads_means_of_maps() const override { return true; }

 private:
  // A separable convolution and its batch norm, with a relu on the input (`relu_before`) or on the output (`relu_after`).
  struct Separable {
    std::shared_ptr<SeparableConv2d> conv;
    std::shared_ptr<BatchNorm> norm;
    bool relu_before, relu_after;
  };
  using Separables = std::vector<Separable>;
  // The sum of two branches: two separable convolutions with a pool of stride 2, and a 1x1 convolution of stride 2.
  struct DownBlock {
    Separables separables;
    std::shared_ptr<Conv2d> residual;
    std::shared_ptr<BatchNorm> residual_norm;
    XceptionImplementation implementation;
    at::Tensor operator()(const at::Tensor& input) const;
  };
  // One behind the other. The norm of each is applied by the next one, which is its only reader; that of the last is left out.
  static at::Tensor convolve(const Separables& separables, const at::Tensor& input);

  at::Tensor plain_maps(const at::Tensor& input);
  std::shared_ptr<BatchNorm> add_norm(const std::string& name, int64_t channels);
  Separable add_separable(const std::string& name, int64_t in, int64_t out, bool relu_before, bool relu_after);
  DownBlock add_down_block(int number, int64_t in, int64_t middle, int64_t out, bool relu_before);

  XceptionConfig config_;
  std::shared_ptr<Conv2d> conv1_, conv2_;
  std::shared_ptr<BatchNorm> norm1_, norm2_;
  std::vector<DownBlock> entry_;    // blocks 2, 3, 4
  std::vector<Separables> middle_;  // blocks 5 to 12, three each
  std::vector<DownBlock> exit_;     // block 13
  Separables last_;                 // block 14
  std::shared_ptr<Dense> dense1_, dense2_, predictions_;
};

}  // namespace hpcai::models
