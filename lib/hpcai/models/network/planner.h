#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/models/config_common.h"
#include "hpcai/models/network/plan.h"

namespace hpcai::models::network {

struct LayerConfig;

// Layers one after another.
struct Chain {
  struct Part {
    std::string component;  // of its name: the name that the config gives it, or its number
    bool named;
    std::string kind;
    bool contains_others;
    Plan plan;
    int64_t takes;  // layers `take` up to this one, also within others
  };
  Shape input;
  std::vector<Part> parts;

  const Shape& output() const { return parts.empty() ? input : parts.back().plan.output; }

  struct Layers {
    std::shared_ptr<torch::nn::Module> modules;
    std::vector<std::vector<Operation>> operations;  // of each part
  };
  // Makes the layers and adds their rows to the assembly.
  Layers make(Assembly& assembly) const;
  // The chain as one layer.
  Made make_one(Assembly& assembly) const;
};

// Infers and checks the shapes of a network. Each kind of layer has a function
//
//   Plan plan(const ConvLayer& config, const Shape& input, Planner& planner);
//
// beside its config struct. It throws Fault if the input does not fit.
class Planner {
 public:
  // `outputs`: numbers that the task needs. `batch_norm`: of all batch norms of the network.
  // `each_step`: whether the outputs are those of each time step.
  Planner(int64_t outputs, BatchNormMode batch_norm, bool each_step = false)
      : outputs_(outputs), batch_norm_(batch_norm), each_step_(each_step) {}

  // The plan of a list of layers. `key`: its place within the layer whose plan is being made, "layers" or "branches[1]". Throws
  // Error{usage} that names the first layer that does not fit, with its place in the config and its input.
  Chain chain(const std::vector<LayerConfig>& layers, const Shape& input, std::string_view key);

  int64_t outputs() const { return outputs_; }
  BatchNormMode batch_norm() const { return batch_norm_; }
  bool each_step() const { return each_step_; }

  // The factor on dilations, by the repetitions around the layer.
  int64_t dilation = 1;
  std::string repetition = {};  // "repetition 3"; empty outside of a repeat

  // The sums of the layers add_to.
  struct Sum {
    Shape shape;
    bool taken = false;
  };
  std::map<std::string, Sum> sums = {};
  int64_t takes = 0;

 private:
  Chain::Part part(const LayerConfig& layer, const Shape& input, size_t number);

  int64_t outputs_;
  BatchNormMode batch_norm_;
  bool each_step_;
  std::string path_;  // of the layer whose plan is being made, "model.layers[3]"
  int64_t layers_ = 0;
};

}  // namespace hpcai::models::network
