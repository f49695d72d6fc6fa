#pragma once

#include <ATen/Context.h>

#include <cstdlib>
#include <string_view>

#include "hpcai/distributed/exchange/cuda_library.h"
#include "hpcai/kernels/cuda_kernels.h"

// Where the numbers of a test are computed: on the CPU, or with HPCAI_TEST_DEVICE=cuda on the first GPU, with all that
// libhpcai_cuda.so has for it.
inline at::Device test_device() {
  static const at::Device device = [] {
    const char* const name = std::getenv("HPCAI_TEST_DEVICE");
    if (!name || std::string_view(name) != "cuda") return at::Device(at::kCPU);
    using namespace hpcai;
    reinterpret_cast<kernels::FillCudaKernels>(distributed::cuda_function(kernels::kFillCudaKernels))(kernels::cuda_kernels());
    at::globalContext().setAllowTF32CuDNN(false);
    return at::Device(at::kCUDA, 0);
  }();
  return device;
}

// Before anything else asks LibTorch whether it has a GPU: it remembers the answer.
inline const at::Device kTestDevice = test_device();
