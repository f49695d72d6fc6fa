#pragma once

#include <string>
#include <vector>

#include "hpcai/core/named_tensors.h"
#include "hpcai/models/config.h"

namespace hpcai::models {

// Weights from a file with the names and layouts of our network.
struct Translated {
  NamedTensors tensors = {};           // also those whose names the network does not know
  std::vector<std::string> head = {};  // names in the source of a classifier head for which the network has no place
  std::string origin = {};             // whose names the source has: "Keras", "timm", "torchvision", "hpcai-train"
};

// Gives the tensors of a file the names and layouts of our network. `own`: the names of all its tensors. `is_keras`: whether the
// source has Keras's layouts (see keras_xception.h). Otherwise it recognises the names of timm's legacy_xception, and takes all
// others as ours, which for ResNet-50 are torchvision's and timm's. It drops a prefix "module." that all names have, and the
// counters num_batches_tracked, which our batch norms do not have. `where` names the source in messages. Throws Error{usage} if
// the source is the Xception of another implementation than the config's (XceptionConfig::implementation), or if Keras's weights
// are for another network than Xception.
Translated translate(const ModelConfig& config, const std::vector<std::string>& own, NamedTensors source, bool is_keras,
                     const std::string& where);

}  // namespace hpcai::models
