#pragma once

#include "hpcai/distributed/exchange/backend.h"

namespace hpcai::distributed {

// The function of libhpcai_cuda.so that connects the ranks through NCCL: fills in the pointer, or throws what LibTorch throws.
using MakeNcclBackend = void (*)(const BackendRequest&, BackendPointer&);
inline constexpr char kMakeNcclBackend[] = "hpcai_make_nccl_backend";

}  // namespace hpcai::distributed
