#include "bench_start.h"

#include <utility>

#include "hpcai/checkpoint/safetensors.h"
#include "hpcai/trainer/weights.h"

namespace hpcai::app {

void save_start(const std::string& file, trainer::Incarnation& incarnation) {
  NamedTensors tensors;
  // Copies, because computing the batch's gradients changes running statistics.
  for (const auto& [name, tensor] : trainer::tensors_of(*incarnation.training().model))
    tensors.emplace_back("model." + name, tensor.detach().clone());
  const data::StepBatch batch = incarnation.loop().inspect_step().batch;
  tensors.emplace_back("input", batch.input);
  tensors.emplace_back("target", batch.target);
  checkpoint::write_safetensors(file, tensors);
}

}  // namespace hpcai::app
