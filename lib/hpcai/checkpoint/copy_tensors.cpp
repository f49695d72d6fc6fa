#include "hpcai/checkpoint/copy_tensors.h"

#include <ATen/core/grad_mode.h>

#include <map>

namespace hpcai::checkpoint {

std::optional<std::string> copy_tensors(const NamedTensors& saved, const NamedTensors& live, const std::string& prefix) {
  const std::map<std::string, at::Tensor> by_name(saved.begin(), saved.end());
  std::vector<const at::Tensor*> sources;
  for (const auto& [name, tensor] : live) {
    const auto found = by_name.find(prefix + name);
    if (found == by_name.end()) return prefix + name;
    const at::Tensor& source = found->second;
    if (source.sizes() != tensor.sizes() || source.scalar_type() != tensor.scalar_type()) return prefix + name;
    sources.push_back(&source);
  }
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < live.size(); ++i) live[i].second.copy_(*sources[i]);
  return std::nullopt;
}

}  // namespace hpcai::checkpoint
