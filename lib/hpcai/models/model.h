#pragma once

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hpcai/models/batch_norm.h"
#include "hpcai/models/config.h"
#include "hpcai/models/dropout.h"
#include "hpcai/models/sequences.h"

namespace hpcai::models {

// What a model may know of the training data before the first step.
struct Examples {
  at::Tensor inputs;                                      // [n, ...]: training inputs, as many as the model wants
  std::vector<std::array<double, 2>> target_ranges = {};  // between which each target lies; empty if that is not known
  at::Tensor targets = {};                                // of training samples, [m, targets]; undefined for classes
  int64_t samples = 0;                                    // of the training data
};

// A network: a function of one tensor. The names and shapes of its parameters are the same on every device and for every kernel.
class Model : public torch::nn::Module {
 public:
  // [batch, ...] -> [batch, outputs], or [batch, time, outputs] of a network made with SequenceKind::each_step
  virtual at::Tensor forward(const at::Tensor& input) = 0;

  // Makes `layer` and all later layers in the order of layers() trainable and freezes the earlier ones. Frozen layers compute no
  // gradients, and their batch norms use the running statistics. `layer` is "all", "head", a name of layers(), or an index into
  // layers() (for Xception the Keras layer index). Throws Error{usage} for an unknown layer and names a similar one.
  void set_trainable_from(const std::string& layer);

  // How many training inputs fit_to() needs; 0 if the initial weights follow from the seed alone.
  virtual int64_t examples_wanted() const { return 0; }
  // Sets what of the initial state depends on the data, before the first step of a training. It is a function of the examples, up
  // to rounding.
  virtual void fit_to(const Examples& /*examples*/) {}

  // The names of all layers in order, including layers without parameters.
  std::vector<std::string> layers() const;

  // The names of the parameters and buffers of `layer`, given as to set_trainable_from(), and of all later layers.
  std::vector<std::string> tensors_from(const std::string& layer) const;

  // Called before each training pass, because the dropout masks are a function of `randomness`.
  void set_randomness(const Randomness& randomness) { randomness_ = randomness; }

 protected:
  const Randomness& randomness() const { return randomness_; }

  // The constructors call it for each layer, in order. A layer without parameters has no modules.
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

// Builds a network for samples of the given shape ([channels, time] or [3, height, width]) on the CPU, in float32 and training
// mode. The initial weights are a pure function of the config, the shape, the outputs and the seed. Throws Error{usage} if the
// network does not fit the shape or the number of outputs, or cannot be for such sequences.
std::shared_ptr<Model> make_model(const ModelConfig& config, std::span<const int64_t> input_shape, int64_t outputs, uint64_t seed,
                                  const SequenceKind& sequences = {});

// As make_model, one function for each alternative of ModelConfig, defined in the source of its network.
std::shared_ptr<Model> make(const WaveNetConfig& config, std::span<const int64_t> input_shape, int64_t outputs, uint64_t seed);
std::shared_ptr<Model> make(const XceptionConfig& config, std::span<const int64_t> input_shape, int64_t outputs, uint64_t seed);
std::shared_ptr<Model> make(const ResNetConfig& config, std::span<const int64_t> input_shape, int64_t outputs, uint64_t seed);
std::shared_ptr<Model> make(const WaveformPosteriorConfig& config, std::span<const int64_t> input_shape, int64_t outputs,
                            uint64_t seed);
std::shared_ptr<Model> make(const BayesianRegressorConfig& config, std::span<const int64_t> input_shape, int64_t outputs,
                            uint64_t seed);
std::shared_ptr<Model> make(const NetworkConfig& config, std::span<const int64_t> input_shape, int64_t outputs, uint64_t seed,
                            const SequenceKind& sequences = {});

// Sets the sum of every batch norm of mode `synchronised`. Does nothing if `world_size` is 1.
void synchronise_batch_norm(Model& model, const SumOverRanks& sum, int world_size);

// While it lives, training passes leave the running statistics of the model's batch norms as they are.
class HoldStatistics {
 public:
  // `active`: false does nothing.
  explicit HoldStatistics(Model& model, bool active = true);
  ~HoldStatistics();
  HoldStatistics(const HoldStatistics&) = delete;
  HoldStatistics& operator=(const HoldStatistics&) = delete;

 private:
  std::vector<BatchNorm*> held_;
};

// Whether the running statistics differ between ranks, because a batch norm takes them from the batch of its rank alone.
bool has_local_statistics(const Model& model);

// The number of values in the parameters and running statistics of a model, and the number of those that are trained.
struct ModelSize {
  int64_t values = 0, trainable = 0;
};
ModelSize size_of(const Model& model);

}  // namespace hpcai::models
