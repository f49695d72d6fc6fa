#include "hpcai/kernels/spline/spline.h"

#include <cmath>

#include "hpcai/kernels/once_differentiable.h"

namespace hpcai::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

SplineShape shape_of(const at::Tensor& x, const at::Tensor& parameters, double bound) {
  return {.rows = x.numel(), .bins = (parameters.size(-1) + 1) / 3, .bound = static_cast<float>(bound)};
}

struct Spline : OnceDifferentiable<Spline> {
  static constexpr const char* kName = "spline";

  static variable_list forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& parameters, double bound,
                               bool inverse) {
    context->save_for_backward({x, parameters});
    context->saved_data["bound"] = bound;
    at::Tensor value = at::empty_like(x), log_slope = at::empty_like(x);
    spline_forward(shape_of(x, parameters, bound), x.const_data_ptr<float>(), parameters.const_data_ptr<float>(), inverse,
                   value.mutable_data_ptr<float>(), log_slope.mutable_data_ptr<float>());
    return {value, log_slope};
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &parameters = saved[1];
    const at::Tensor value = grads[0].contiguous(), log_slope = grads[1].contiguous();
    at::Tensor of_x = at::empty_like(x), of_parameters = at::empty_like(parameters);
    spline_backward(shape_of(x, parameters, context->saved_data["bound"].toDouble()), x.const_data_ptr<float>(),
                    parameters.const_data_ptr<float>(), value.const_data_ptr<float>(), log_slope.const_data_ptr<float>(),
                    of_x.mutable_data_ptr<float>(), of_parameters.mutable_data_ptr<float>());
    return {of_x, of_parameters, {}, {}};
  }
};

}  // namespace

double spline_slope_offset() { return std::log(std::expm1(1 - kSplineLeast)); }

SplineOutput spline(const at::Tensor& x, const at::Tensor& parameters, double bound, bool inverse) {
  const int64_t columns = parameters.dim() == 3 ? parameters.size(2) : 0;
  TORCH_CHECK(
      x.dim() == 2 && columns % 3 == 2 && (columns + 1) / 3 <= kSplineMostBins && parameters.sizes().slice(0, 2) == x.sizes(),
      "spline: x must be [rows, dimensions] and the parameters [rows, dimensions, 3 bins - 1]; they are ", x.sizes(), " and ",
      parameters.sizes());
  const at::Tensor same_type = parameters.to(x.scalar_type());
  const bool differentiated = at::GradMode::is_enabled() && (x.requires_grad() || parameters.requires_grad());
  if (!x.is_cpu() || x.scalar_type() != at::kFloat || (inverse && differentiated)) {
    return spline_reference(x, same_type, bound, inverse);
  }
  const variable_list output = Spline::apply(x.contiguous(), same_type.contiguous(), bound, inverse);
  return {output[0], output[1]};
}

}  // namespace hpcai::kernels
