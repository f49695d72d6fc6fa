#pragma once

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hpcai/models/batch_norm.h"
#include "hpcai/models/config.h"
#include "hpcai/models/dropout.h"

namespace hpcai::models {

// A network: a function of one tensor. Its parameters' names and shapes do not depend on how it computes.
class Model : public torch::nn::Module {
 public:
  // [batch, ...] -> [batch, outputs]
  virtual at::Tensor forward(const at::Tensor& input) = 0;

  // Trains the given layer and all after it in the order of layers(), and freezes those before: no gradient is computed
  // there, and their batch norms use running statistics. `layer` is "all", "head", a name of layers(), or an index into
  // it (for Xception the Keras layer index). Throws Error{usage} that names the nearest layer.
  void set_trainable_from(const std::string& layer);

  // Names of all layers, those without parameters included, in the order that set_trainable_from counts.
  std::vector<std::string> layers() const;

  // Call before each training pass; without it dropout repeats its mask.
  void set_randomness(const Randomness& randomness) { randomness_ = randomness; }

 protected:
  const Randomness& randomness() const { return randomness_; }

  // Called by the constructors, in order; a layer without parameters has no modules.
  void add_layer(std::string name, std::vector<std::shared_ptr<torch::nn::Module>> modules = {});

 private:
  size_t layer_index(const std::string& layer) const;

  struct Layer {
    std::string name;
    std::vector<std::shared_ptr<torch::nn::Module>> modules;
  };
  std::vector<Layer> layers_;
  Randomness randomness_;
};

// Builds a network for samples of the given shape ([1, T] or [3, H, W]) on the CPU, in float32 and training mode. The
// initial weights are a pure function of the config, the shapes and the seed. Throws Error{usage} if the shape does not fit.
std::shared_ptr<Model> make_model(const ModelConfig& config, std::span<const int64_t> input_shape, int64_t outputs,
                                  uint64_t seed);

// One for each alternative of ModelConfig, defined in the source of its network; as make_model. A missing one does not compile.
std::shared_ptr<Model> make(const WaveNetConfig& config, std::span<const int64_t> input_shape, int64_t outputs, uint64_t seed);
std::shared_ptr<Model> make(const XceptionConfig& config, std::span<const int64_t> input_shape, int64_t outputs, uint64_t seed);
std::shared_ptr<Model> make(const ResNetConfig& config, std::span<const int64_t> input_shape, int64_t outputs, uint64_t seed);

// Lets every batch norm of mode `synchronised` sum over ranks; others are left alone. With one rank nothing changes.
void synchronise_batch_norm(Model& model, const SumOverRanks& sum, int world_size);

// Values that make up the model's state: parameters, then running statistics; and those that are trained.
struct ModelSize {
  int64_t values = 0, trainable = 0;
};
ModelSize size_of(const Model& model);

}  // namespace hpcai::models
