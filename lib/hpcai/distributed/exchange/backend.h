#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>
#include <string>

namespace hpcai::distributed {

// The library that carries tensors between ranks: LibTorch's Gloo or NCCL.
using BackendPointer = c10::intrusive_ptr<c10d::Backend>;

// The arguments for connecting the ranks of a backend.
struct BackendRequest {
  c10::intrusive_ptr<c10d::Store> store;
  int rank = 0;
  int size = 1;
  std::string interface;  // name of the network interface; may be empty
  std::string address;    // address of this rank; used if `interface` is empty
  int device_index = 0;   // of this rank's GPU
  std::chrono::milliseconds connect_timeout{0};
  std::chrono::milliseconds timeout{0};  // of each exchange; longer than the limits of the watchdog
};

}  // namespace hpcai::distributed
