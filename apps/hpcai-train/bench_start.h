#pragma once

#include <string>

#include "hpcai/trainer/incarnation.h"

namespace hpcai::app {

// Writes what a bench starts from to a safetensors file, so that another program can train the same steps: the tensors of the
// model as `model.NAME`, and the first global batch as `input` [batch, ...] and `target`. `incarnation` is of one rank, and has
// begun. Throws Error{cannot_write}.
void save_start(const std::string& file, trainer::Incarnation& incarnation);

}  // namespace hpcai::app
