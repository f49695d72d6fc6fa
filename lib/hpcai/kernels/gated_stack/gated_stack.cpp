#include "hpcai/kernels/gated_stack/gated_stack.h"

#include <array>

#include "hpcai/kernels/gated_stack/gated_stack_state.h"
#include "hpcai/kernels/once_differentiable.h"

namespace hpcai::kernels {
namespace {

using stack::LayerGradient;
using stack::StackState;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kLanes = 16;  // the widest vector

// The trained tensors of a layer, in the order of gradients_of.
std::array<at::Tensor, 12> parameters_of(const GatedLayerTensors& l) {
  return {l.pre_weight,       l.pre_bias,        l.pre_norm.gamma, l.pre_norm.beta, l.gated_weight,    l.gated_bias,
          l.gated_norm.gamma, l.gated_norm.beta, l.post_weight,    l.post_bias,     l.post_norm.gamma, l.post_norm.beta};
}

std::array<at::Tensor, 12> gradients_of(const LayerGradient& g) {
  return {g.pre_weight,  g.pre_bias,   g.pre_gamma,   g.pre_beta,  g.gated_weight, g.gated_bias,
          g.gated_gamma, g.gated_beta, g.post_weight, g.post_bias, g.post_gamma,   g.post_beta};
}

struct GatedStack : OnceDifferentiable<GatedStack> {
  static constexpr const char* kName = "gated_stack";

  // `parameters`: the defined ones of all layers, for autograd to see; `keep`: a backward pass will follow.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, at::TensorList /*parameters*/,
                            const std::vector<GatedLayerTensors>* layers, const GatedStackOptions* options, bool keep) {
    const auto state = c10::make_intrusive<StackState>();
    state->input = input.detach().contiguous();
    state->tensors = *layers;
    state->options = *options;
    const at::Tensor skips = stack::run_forward(*state, keep);
    if (keep) context->saved_data["state"] = c10::IValue::make_capsule(state);
    return skips;
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    at::IValue& saved = context->saved_data["state"];
    TORCH_CHECK(!saved.isNone(), "gated_stack: the backward pass can run only once");
    const auto state = c10::static_intrusive_pointer_cast<StackState>(saved.toCapsule());
    saved = {};  // also if this pass fails: it overwrites what it reads
    const auto gradients = stack::run_backward(*state, grads[0]);
    variable_list result{at::Tensor()};  // input
    for (size_t layer = 0; layer < gradients.size(); ++layer) {
      const auto parameters = parameters_of(state->tensors[layer]), found = gradients_of(gradients[layer]);
      for (size_t i = 0; i < parameters.size(); ++i) {
        if (parameters[i].defined()) result.push_back(found[i].to(at::kFloat).contiguous());
      }
    }
    result.resize(result.size() + 3);  // layers, options, keep
    return result;
  }
};

}  // namespace

at::Tensor gated_stack(const at::Tensor& input, const std::vector<GatedLayerTensors>& layers, const GatedStackOptions& options) {
  TORCH_CHECK(gated_stack_supports(input, layers), "gated_stack: unsupported shapes or types");
  TORCH_CHECK(options.last_steps >= 0 && options.last_steps <= input.size(1), "gated_stack: last_steps is longer than the input");
  std::vector<at::Tensor> parameters;
  bool keep = false;
  for (const GatedLayerTensors& layer : layers) {
    for (const at::Tensor& parameter : parameters_of(layer)) {
      if (!parameter.defined()) continue;
      parameters.push_back(parameter);
      keep = keep || parameter.requires_grad();
    }
  }
  return GatedStack::apply(input, at::TensorList(parameters), &layers, &options, keep && at::GradMode::is_enabled());
}

bool gated_stack_supports(const at::Tensor& input, const std::vector<GatedLayerTensors>& layers) {
  if (!input.is_cpu() || input.scalar_type() != at::kFloat || input.dim() != 3 || input.numel() == 0 || input.requires_grad())
    return false;
  if (layers.empty()) return false;
  const int64_t channels = layers[0].pre_weight.size(0);
  int64_t in = input.size(2);
  for (const GatedLayerTensors& layer : layers) {
    const bool fits = layer.pre_weight.scalar_type() == at::kFloat && layer.pre_weight.is_cpu() &&
                      layer.pre_weight.size(0) == channels && layer.pre_weight.size(1) == in && channels % kLanes == 0 &&
                      layer.gated_weight.size(0) % (2 * kLanes) == 0;
    if (!fits) return false;
    in = channels;
  }
  return true;
}

}  // namespace hpcai::kernels
