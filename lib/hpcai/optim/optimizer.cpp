#include "hpcai/optim/optimizer.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "hpcai/core/error.h"
#include "hpcai/optim/clip.h"
#include "hpcai/optim/parameter_lists.h"

namespace hpcai::optim {
namespace {

// Whether the elements of a and b, which have the same shape, are in the same order in memory. Strides of dimensions of length 1
// are ignored.
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
    // The fused kernels treat parameter, gradient and state as flat memory.
    if (!parameter.is_non_overlapping_and_dense()) throw std::invalid_argument(name + " is not dense in memory");
  }
}

std::vector<size_t> Optimizer::active() const {
  std::vector<size_t> active;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const auto& parameter = parameters_[i].second;
    if (parameter.requires_grad() && parameter.grad().defined()) active.push_back(i);
  }
  return active;
}

StepValue Optimizer::make_number() const {
  if (parameters_.empty()) return StepValue();
  const at::Device device = parameters_.front().second.device();
  return device.is_cpu() && !numbers_as_tensors_ ? StepValue() : StepValue(device);
}

void Optimizer::prepare(double lr) {
  c10::NoGradGuard no_grad;
  if (!lr_) lr_ = make_number();
  lr_->set(lr);
  if (const auto indices = active(); !indices.empty()) prepare(indices, lr);
}

bool Optimizer::updates_in_one_pass() const {
  return !numbers_as_tensors_ && std::all_of(parameters_.begin(), parameters_.end(), [](const auto& named) {
    return is_flat(named.second) && (!named.second.grad().defined() || named.second.grad().scalar_type() == at::kFloat);
  });
}

std::vector<double> Optimizer::gradient_squares() const { return optim::gradient_squares(pick(parameters_, active())); }

void Optimizer::clip(double max_norm, Alongside& alongside) const {
  if (max_norm <= 0) return;
  if (alongside.gradient_squares.empty()) alongside.gradient_squares = gradient_squares();
  alongside.gradient_scale = clip_factor(alongside.gradient_squares, max_norm);
}

void Optimizer::update(const Alongside& alongside) {
  c10::NoGradGuard no_grad;
  const std::vector<size_t> indices = active();
  std::vector<at::Tensor> grads;
  for (const size_t i : indices) {
    const auto& parameter = parameters_[i].second;
    const auto& grad = parameter.grad();
    grads.push_back(same_layout(parameter, grad) ? grad : at::empty_like(parameter).copy_(grad));
  }
  const bool one_pass = updates_in_one_pass();
  if (!one_pass && (alongside.gradient_scale != 1 || !alongside.averages.empty())) {
    throw std::invalid_argument("Optimizer: work alongside an update that is not one pass");
  }
  if (!alongside.gradient_squares.empty() && alongside.gradient_squares.size() != indices.size()) {
    throw std::invalid_argument("Optimizer: sums of squares of other gradients than those of the update");
  }
  if (indices.empty()) return;
  if (!one_pass) return update(indices, grads);
  std::vector<UpdatePiece> tensors;
  for (size_t k = 0; k < indices.size(); ++k) {
    const at::Tensor& parameter = parameters_[indices[k]].second;
    UpdatePiece& tensor = tensors.emplace_back();
    tensor.weight = parameter.mutable_data_ptr<float>();
    tensor.gradient = grads[k].const_data_ptr<float>();
    tensor.count = parameter.numel();
    if (!alongside.averages.empty()) tensor.average = alongside.averages.at(indices[k]);
  }
  update_in_one_pass(indices, std::move(tensors), alongside);
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
