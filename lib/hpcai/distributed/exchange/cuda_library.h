#pragma once

namespace hpcai::distributed {

// Loads libhpcai_cuda.so, and with it LibTorch's CUDA part, on the first call: $HPCAI_CUDA_LIBRARY, else beside the
// executable, else in ../lib of it. Throws Error{usage} with the reason if that fails.
void* cuda_library();

// How many GPUs of this host this process may use; loads the library. Throws Error{usage} as above.
int gpu_count();

// The function of the library with this name. Throws Error{usage} if there is none, or as above.
void* cuda_function(const char* name);

}  // namespace hpcai::distributed
