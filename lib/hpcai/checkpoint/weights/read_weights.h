#pragma once

#include <filesystem>
#include <string_view>

#include "hpcai/core/named_tensors.h"

namespace hpcai::checkpoint {

enum class WeightsFormat { safetensors, torch, keras };

// "safetensors", "PyTorch", "Keras"
std::string_view name_of(WeightsFormat format);

struct Weights {
  WeightsFormat format = WeightsFormat::safetensors;
  NamedTensors tensors;  // on the CPU, with the names and layouts of the file
};

// Reads the tensors of a file, whose format it recognises by its content: safetensors, a state dict of PyTorch (.pt, .pth) or an
// HDF5 file of Keras. It executes nothing from the file. Throws Error{missing_input} if the file cannot be read, Error{bad_data}
// if it is damaged, holds something else, or has another format.
Weights read_weights(const std::filesystem::path& path);

}  // namespace hpcai::checkpoint
