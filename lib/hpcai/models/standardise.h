#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <span>

namespace hpcai::models {

class Model;

// Subtracts from inputs their mean in the training data, and divides by their standard deviation (that of a population, as
// scikit-learn's StandardScaler): of each feature of inputs [features], of each channel, over samples and positions, of inputs
// [channels, ...]. What does not vary is divided by 1. Both are buffers, so that a checkpoint holds them; until fit_to() is
// called they are 0 and 1.
class InputStandardiser : public torch::nn::Module {
 public:
  // `channels`: the dimension of a sample that counts its features or channels, such as 1 of [time, features].
  explicit InputStandardiser(std::span<const int64_t> input_shape, int64_t channels = 0);

  // How many training inputs fit_to() shall get: at most 8192, fewer if one has over 2048 values.
  int64_t examples_wanted() const { return examples_; }
  // examples [n, ...]; n = 0 changes nothing. Positions whose values are NaN do not count; see sequences.h.
  void fit_to(const at::Tensor& examples);
  // [batch, ...] -> [batch, ...]
  at::Tensor forward(const at::Tensor& input) const;

 private:
  at::Tensor centre_, deviation_;  // [features or channels, 1, ...], or [1, features]
  int64_t channels_;
  int64_t examples_;
};

// The name of the InputStandardiser in a model that has one; trainer/fit_model.h fits it.
inline constexpr const char* kInputStandardiser = "input_scale";

// The name of the TargetScale in a model whose outputs are in units of the targets' standard deviations.
inline constexpr const char* kTargetScale = "target_scale";
inline bool is_of_target_scale(const std::string& tensor) { return tensor.starts_with(kTargetScale); }

// Mean and standard deviation of each target in the training data, and the change of units between targets and what the network
// learns. As above, a target that does not vary has the deviation 1. All tensors are [batch, ..., targets].
class TargetScale : public torch::nn::Module {
 public:
  explicit TargetScale(int64_t targets);

  // targets [n, targets] or [n, time, targets]; NaN does not count. Undefined or n = 0 changes nothing.
  void fit_to(const at::Tensor& targets);
  at::Tensor to_standard(const at::Tensor& target) const { return (target - centre_) / deviation_; }
  at::Tensor from_standard(const at::Tensor& value) const { return centre_ + deviation_ * value; }
  const at::Tensor& deviation() const { return deviation_; }  // [targets]

 private:
  at::Tensor centre_, deviation_;  // [targets]
};

// The scale with which a task has extended the model, and the model's own for its inputs; null if there is none.
TargetScale* find_target_scale(const Model& model);
InputStandardiser* find_input_standardiser(const Model& model);

}  // namespace hpcai::models
