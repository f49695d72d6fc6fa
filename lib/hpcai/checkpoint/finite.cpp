#include "hpcai/checkpoint/finite.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace hpcai::checkpoint {
namespace {

// Tensors on one device, and their places in the whole list.
struct OnDevice {
  std::vector<at::Tensor> tensors;
  std::vector<size_t> places;
};

}  // namespace

std::optional<std::string> first_not_finite(const NamedTensors& tensors) { return first_not_finite_of({&tensors}); }

// The L2 norm of a tensor with NaN or infinity is not finite. The norm of a tensor of huge numbers may overflow, so a norm that
// is not finite leads to a look at each value.
std::optional<std::string> first_not_finite_of(const std::vector<const NamedTensors*>& lists) {
  const at::NoGradGuard no_grad;
  std::vector<const NamedTensors::value_type*> all;
  std::unordered_map<at::Device, OnDevice> devices;
  for (const NamedTensors* list : lists) {
    for (const auto& named : *list) {
      if (!named.second.is_floating_point()) continue;
      OnDevice& same = devices[named.second.device()];
      same.tensors.push_back(named.second.detach());
      same.places.push_back(all.size());
      all.push_back(&named);
    }
  }
  std::vector<size_t> suspects;
  for (const auto& [device, same] : devices) {
    const at::Tensor norms = at::stack(at::_foreach_norm(same.tensors, 2)).to(at::kDouble).cpu();
    for (size_t i = 0; i < same.places.size(); ++i) {
      if (!std::isfinite(norms.const_data_ptr<double>()[i])) suspects.push_back(same.places[i]);
    }
  }
  std::sort(suspects.begin(), suspects.end());
  for (const size_t place : suspects) {
    if (!all[place]->second.isfinite().all().item<bool>()) return all[place]->first;
  }
  return std::nullopt;
}

}  // namespace hpcai::checkpoint
