#include "hpcai/checkpoint/weights/read_weights.h"

#include <fmt/format.h>

#include <string>

#include "hpcai/checkpoint/safetensors.h"
#include "hpcai/checkpoint/weights/torch_file.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/regular_file.h"
#include "hpcai/data/weights/keras_weights.h"

namespace hpcai::checkpoint {
namespace {

// A safetensors file begins with the length of its JSON header.
bool may_be_safetensors(std::string_view start) { return start.size() > 8 && start[8] == '{'; }

// What a file that is not read seems to be; empty if that is not known.
std::string_view known_stranger(std::string_view start) {
  if (start.empty()) return "it is empty";
  if (start.size() > 1 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5) {
    return "it is a pickle that torch.save did not write, which is not read";
  }
  if (start.substr(0, 300).find("ustar") != std::string_view::npos)
    return "it is a tar file, as the first versions of PyTorch wrote";
  if (start.starts_with("\x1f\x8b")) return "it is compressed with gzip";
  return "it is in none of these formats";
}

}  // namespace

std::string_view name_of(WeightsFormat format) {
  switch (format) {
    case WeightsFormat::safetensors: return "safetensors";
    case WeightsFormat::torch: return "PyTorch";
    case WeightsFormat::keras: return "Keras";
  }
  return "";
}

Weights read_weights(const std::filesystem::path& path) {
  const std::string start = data::RegularFile(path.string()).read_start(512);
  if (start.starts_with("\x89HDF\r\n\x1a\n")) return {WeightsFormat::keras, data::read_keras_weights(path.string())};
  if (start.starts_with("PK\x03\x04")) return {WeightsFormat::torch, read_torch_zip(path)};
  if (is_torch_legacy(start)) return {WeightsFormat::torch, read_torch_legacy(path)};
  if (may_be_safetensors(start)) return {WeightsFormat::safetensors, read_safetensors(path)};
  throw Error(ExitCode::bad_data, fmt::format("{}: no weights can be read from it: {}", printable(path), known_stranger(start)),
              "Give safetensors, a state dict saved by torch.save, or an HDF5 file of Keras.");
}

}  // namespace hpcai::checkpoint
