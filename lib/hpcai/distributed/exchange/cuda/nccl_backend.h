#pragma once

#include "hpcai/distributed/exchange/backend.h"

namespace hpcai::distributed {

// The function of libhpcai_cuda.so that connects the ranks through NCCL. It sets the pointer, or throws the exceptions of
// LibTorch.
using MakeNcclBackend = void (*)(const BackendRequest&, BackendPointer&);
inline constexpr char kMakeNcclBackend[] = "hpcai_make_nccl_backend";

}  // namespace hpcai::distributed
