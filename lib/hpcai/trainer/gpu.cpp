#include "hpcai/trainer/gpu.h"

#include <ATen/ATen.h>

#include <cstdlib>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/distributed/exchange/cuda_library.h"
#include "hpcai/kernels/cuda_kernels.h"

namespace hpcai::trainer {
namespace {

// Whether `devices` holds the file of a GPU: nvidia<number> (a container may lack number 0), or dxg of Windows's Linux subsystem.
bool shows_gpu(const std::filesystem::path& devices) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(devices, ignored)) {
    const std::string name = entry.path().filename();
    const bool numbered =
        name.rfind("nvidia", 0) == 0 && name.size() > 6 && name.find_first_not_of("0123456789", 6) == std::string::npos;
    if (numbered || name == "dxg") return true;
  }
  return false;
}

}  // namespace

bool use_gpu(DeviceChoice choice) { return use_gpu(choice, "/dev", distributed::gpu_count); }

bool use_gpu(DeviceChoice choice, const std::filesystem::path& devices, const std::function<int()>& count) {
  if (choice == DeviceChoice::cpu) return false;
  const bool present = shows_gpu(devices);
  if (!present && choice == DeviceChoice::cuda) {
    throw Error(ExitCode::usage, "training.device is cuda, but this machine shows no NVIDIA GPU (/dev/nvidia*)",
                "Run on a GPU node (Slurm: --gpus-per-task=1), or set training.device to auto or cpu.");
  }
  if (!present || choice == DeviceChoice::cuda) return present;
  try {
    if (count() > 0) return true;
    log::warning(
        "this machine has a GPU, but this process may not use it (see nvidia-smi and CUDA_VISIBLE_DEVICES): computing on the "
        "CPU");
  } catch (const Error& error) {
    log::warning("{}: computing on the CPU. {}", error.what(), error.remedy());
  }
  return false;
}

void prepare_gpu(const TrainingConfig& training) {
  reinterpret_cast<kernels::FillCudaKernels>(distributed::cuda_function(kernels::kFillCudaKernels))(kernels::cuda_kernels());
  at::Context& context = at::globalContext();
  const bool tf32 = training.precision == Precision::tf32;
  context.setAllowTF32CuBLAS(tf32);
  context.setAllowTF32CuDNN(tf32);
  context.setBenchmarkCuDNN(!training.deterministic);  // batches do not change their shape
  context.setDeterministicCuDNN(training.deterministic);
  context.setDeterministicAlgorithms(training.deterministic, /*warn_only=*/true);
  context.setDeterministicFillUninitializedMemory(false);
  if (training.deterministic) setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);  // required by cuBLAS for reproducible results
}

void order_weights(models::Model& model) {
  const at::NoGradGuard no_grad;
  for (at::Tensor& weight : model.parameters()) {
    if (weight.dim() == 4) weight.set_data(weight.contiguous(at::MemoryFormat::ChannelsLast));
  }
}

}  // namespace hpcai::trainer
