#pragma once

namespace hpcai::distributed {

// Returns the handle of libhpcai_cuda.so. The first call loads the library and with it LibTorch's CUDA part. The path is
// $HPCAI_CUDA_LIBRARY, else the folder of the executable, else ../lib of that folder. Throws Error{usage} with the reason if that
// fails.
void* cuda_library();

// Returns the number of GPUs of this host that this process may use. Loads the library. Throws Error{usage} as above.
int gpu_count();

// Returns the function of the library with this name. Throws Error{usage} if it is missing, or as above.
void* cuda_function(const char* name);

}  // namespace hpcai::distributed
