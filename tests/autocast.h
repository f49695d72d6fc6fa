#pragma once

#include <ATen/autocast_mode.h>

namespace hpcai {

// Autocast to a type on the CPU during the lifetime of the object.
class CpuAutocast {
 public:
  explicit CpuAutocast(at::ScalarType type = at::kBFloat16) {
    at::autocast::set_autocast_dtype(at::kCPU, type);
    at::autocast::set_autocast_enabled(at::kCPU, true);
  }
  ~CpuAutocast() {
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
    at::autocast::set_autocast_dtype(at::kCPU, former_type_);
  }
  CpuAutocast(const CpuAutocast&) = delete;
  CpuAutocast& operator=(const CpuAutocast&) = delete;

 private:
  const at::ScalarType former_type_ = at::autocast::get_autocast_dtype(at::kCPU);
};

}  // namespace hpcai
