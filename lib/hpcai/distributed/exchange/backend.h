#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>
#include <string>

namespace hpcai::distributed {

using BackendPointer = c10::intrusive_ptr<c10d::Backend>;

// What a backend needs in order to connect its ranks.
struct BackendRequest {
  c10::intrusive_ptr<c10d::Store> store;
  int rank = 0;
  int size = 1;
  std::string interface;  // network interface; may be empty
  std::string address;    // of this rank; used when there is no interface
  int device_index = 0;   // GPU
  std::chrono::milliseconds connect_timeout{0};
  std::chrono::milliseconds timeout{0};  // for each exchange: longer than the watchdog's
};

BackendPointer make_gloo_backend(const BackendRequest& request);

// libhpcai_cuda.so exports these functions by name. The first fills in the pointer or throws; the second tells the compute
// capability of a GPU, 75 for 7.5, and the least for which the library has code.
using MakeNcclBackend = void (*)(const BackendRequest&, BackendPointer&);
inline constexpr char kMakeNcclBackend[] = "hpcai_make_nccl_backend";
using GpuCapability = int (*)(int index, int& least);
inline constexpr char kGpuCapability[] = "hpcai_gpu_capability";

}  // namespace hpcai::distributed
