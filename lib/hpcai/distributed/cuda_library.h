#pragma once

namespace hpcai::distributed {

// Loads libhpcai_cuda.so, and with it LibTorch's CUDA part, on the first call: $HPCAI_CUDA_LIBRARY, else beside the
// executable, else in ../lib of it. Throws Error{usage} with the reason if that fails.
void* cuda_library();

// A function of the library. Throws Error{usage} if it does not have it.
void* cuda_function(const char* name);

}  // namespace hpcai::distributed
