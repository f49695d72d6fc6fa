#include "hpcai/optim/optimizer.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <map>
#include <set>
#include <stdexcept>

#include "hpcai/core/error.h"

namespace hpcai::optim {
namespace {

// Whether element i of both lies at the same place in memory; strides of dimensions of length 1 have no meaning.
bool same_layout(const at::Tensor& a, const at::Tensor& b) {
  for (int64_t d = 0; d < a.dim(); ++d) {
    if (a.size(d) > 1 && a.stride(d) != b.stride(d)) return false;
  }
  return true;
}

}  // namespace

Optimizer::Optimizer(NamedTensors parameters) : parameters_(std::move(parameters)) {
  std::set<std::string> names;
  for (const auto& [name, parameter] : parameters_) {
    if (!names.insert(name).second) throw std::invalid_argument("two parameters are called " + name);
    // The fused kernels walk through parameter, gradient and state as flat memory.
    if (!parameter.is_non_overlapping_and_dense()) throw std::invalid_argument(name + " is not dense in memory");
  }
}

void Optimizer::step(double lr) {
  c10::NoGradGuard no_grad;
  std::vector<size_t> active;
  std::vector<at::Tensor> grads;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const auto& parameter = parameters_[i].second;
    const auto& grad = parameter.grad();
    if (!parameter.requires_grad() || !grad.defined()) continue;
    active.push_back(i);
    grads.push_back(same_layout(parameter, grad) ? grad : at::empty_like(parameter).copy_(grad));
  }
  if (!active.empty()) update(active, grads, lr);
}

void Optimizer::load(const NamedTensors& saved) {
  const std::string remedy = "Resume with the model and optimizer of the checkpoint.";
  std::map<std::string, at::Tensor> by_name(saved.begin(), saved.end());
  const NamedTensors current = state();
  if (by_name.size() != current.size()) {
    throw Error(ExitCode::cannot_resume,
                fmt::format("the saved optimizer state has {} tensors, this optimizer {}", by_name.size(), current.size()),
                remedy);
  }
  for (const auto& [name, tensor] : current) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) {
      throw Error(ExitCode::cannot_resume, "the saved optimizer state has no " + name, remedy);
    }
    if (found->second.sizes() != tensor.sizes() || found->second.scalar_type() != tensor.scalar_type()) {
      throw Error(ExitCode::cannot_resume,
                  fmt::format("the saved optimizer state {} has another shape or type than this optimizer's", name), remedy);
    }
  }
  c10::NoGradGuard no_grad;
  for (const auto& [name, tensor] : current) tensor.copy_(by_name.at(name));
}

}  // namespace hpcai::optim
