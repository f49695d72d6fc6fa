#pragma once

namespace hpcai::distributed {

// Loads libhpcai_cuda.so, and with it LibTorch's CUDA part, on the first call: $HPCAI_CUDA_LIBRARY, else beside the
// executable, else in ../lib of it. Throws Error{usage} with the reason if that fails.
void* cuda_library();

// GPUs of this host that this process may use; loads the library.
int gpu_count();

// A function of the library. Throws Error{usage} if it does not have it.
void* cuda_function(const char* name);

}  // namespace hpcai::distributed
