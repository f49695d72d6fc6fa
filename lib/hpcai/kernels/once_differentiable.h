#pragma once

#include <torch/autograd.h>

#include <utility>

namespace hpcai::kernels {

// Gradients whose own derivative throws std::runtime_error, which names the operator. Undefined ones stay undefined.
torch::autograd::variable_list without_derivative(torch::autograd::variable_list gradients, const char* name);

// An operator with its own backward pass, which autograd cannot differentiate again. The operator has forward() as
// torch::autograd::Function says, gradients() in place of backward(), and its name kName. Of a gradient that is taken with
// create_graph autograd would find no derivative, or a wrong one; here its derivative is an error.
template <class Operator>
struct OnceDifferentiable : torch::autograd::Function<Operator> {
  // By reference, because a copy of the list would hold the gradients, too (gradient_memory.h).
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list& grads) {
    const bool is_recorded = at::GradMode::is_enabled();  // with create_graph
    const at::NoGradGuard no_grad;
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);  // gradients() chooses the types
    torch::autograd::variable_list gradients = Operator::gradients(context, std::move(grads));
    return is_recorded ? without_derivative(std::move(gradients), Operator::kName) : gradients;
  }
};

}  // namespace hpcai::kernels
