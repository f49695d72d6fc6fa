#pragma once

#include <string>
#include <utility>

#include "hpcai/config/field.h"
#include "hpcai/models/config.h"

namespace hpcai::trainer {

// The section `model`: one of the networks, with its own settings, and what a training can set for each of them.
struct ModelSection : models::ModelConfig {
  using variant::variant;
  ModelSection() = default;
  ModelSection(models::ModelConfig network) : models::ModelConfig(std::move(network)) {}

  std::string weights;  // empty: the initial weights follow from the seed

  template <class Visitor>
  void describe_common(Visitor& visitor) {
    visitor.field(
        "weights", weights,
        {.help = "Trained weights to start from: safetensors, a PyTorch state dict (.pt), Keras HDF5, or the folder of a "
                 "checkpoint or of a run, of which the best checkpoint by validation is taken."});
  }
};

}  // namespace hpcai::trainer
