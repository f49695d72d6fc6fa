#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>
#include <string>

namespace hpcai::distributed {

// What carries tensors between ranks: LibTorch's Gloo or NCCL.
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

}  // namespace hpcai::distributed
