#include "hpcai/kernels/time_tail/time_tail.h"

#include <torch/autograd.h>

#include "hpcai/kernels/time_tail/cpu/time_tail_chunk.h"
#include "hpcai/kernels/gated_stack/gated_stack_plan.h"

namespace hpcai::kernels {
namespace {

using stack::Chunk;
using stack::Plan;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor as_float(const at::Tensor& values) { return values.detach().to(at::kFloat).contiguous(); }

float* row_of(const at::Tensor& partial, int64_t task) { return partial.mutable_data_ptr<float>() + task * partial.size(1); }

at::Tensor total(const at::Tensor& partial) { return partial.sum(0, false, at::kDouble); }

struct State : torch::CustomClassHolder {
  at::Tensor skips;  // [batch, time, C]
  TimeTailTensors tensors;
  TimeTailOptions options;
  InputMoments moments;
  FoldedLinear folded;
  at::Tensor wide_columns, wide_rows, wide_bias, thin;

  stack::Sizes sizes() const { return {skips.size(0), skips.size(1), skips.size(2), 0, 0, 0}; }

  stack::TailForward pass(float* out) const {
    const double rate = options.dropout;
    return {sizes(),
            thin.numel(),
            skips.const_data_ptr<float>(),
            wide_columns.const_data_ptr<float>(),
            wide_bias.const_data_ptr<float>(),
            thin.const_data_ptr<float>(),
            *tensors.thin_bias.const_data_ptr<float>(),
            dropout_threshold(rate),
            static_cast<float>(1 / (1 - rate)),
            options.keys.data(),
            out};
  }
};

// Mean and covariance of relu(skips).
InputMoments moments_of(const State& state, const Plan& plan) {
  const int64_t c = plan.sizes.channels, square = c * c;
  const at::Tensor partial = plan.partial(c + 2 * square);
  const at::Tensor identity = at::cat({at::ones({1, c}), at::zeros({1, c}), at::zeros({1, c}), at::ones({1, c})});
  plan.run([&](int64_t chunk, int64_t task) {
    double* const row = partial.mutable_data_ptr<double>() + task * partial.size(1);
    stack::tap_sums({plan.sizes, state.skips.const_data_ptr<float>(), stack::norm_of(identity), row, row + c, row + c + square},
                    plan.chunks[chunk]);
  });
  at::Tensor together =
      at::cat({at::full({1}, static_cast<double>(plan.sizes.rows()), at::kDouble), partial.sum(0).narrow(0, 0, c + square)});
  if (state.options.sum) state.options.sum(together);
  InputMoments moments;
  moments.count = together[0];
  moments.mean = together.narrow(0, 1, c) / moments.count;
  moments.covariance = together.narrow(0, 1 + c, square).view({c, c}) / moments.count - moments.mean.outer(moments.mean);
  return moments;
}

struct TimeTail : torch::autograd::Function<TimeTail> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& skips, at::TensorList /*parameters*/,
                            const TimeTailTensors* tensors, const TimeTailOptions* options) {
    const auto state = c10::make_intrusive<State>();
    state->skips = skips.detach().contiguous();
    state->tensors = *tensors;
    state->options = *options;
    const Plan plan(state->sizes());
    if (options->norm == NormSource::batch) state->moments = moments_of(*state, plan);
    state->folded = fold(options->norm, tensors->wide_norm, tensors->wide_weight.squeeze(2), tensors->wide_bias, state->moments,
                         options->eps, options->momentum);
    state->wide_rows = as_float(state->folded.weight);
    state->wide_columns = as_float(state->folded.weight.t());
    state->wide_bias = as_float(state->folded.bias);
    state->thin = as_float(tensors->thin_weight.flatten());
    at::Tensor out = at::empty({skips.size(0), skips.size(1)}, at::kFloat);
    const stack::TailForward pass = state->pass(out.mutable_data_ptr<float>());
    plan.run([&](int64_t chunk, int64_t) { stack::tail_forward(pass, plan.chunks[chunk]); });
    context->saved_data["state"] = c10::IValue::make_capsule(state);
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto state = c10::static_intrusive_pointer_cast<State>(context->saved_data["state"].toCapsule());
    const at::Tensor d_out = as_float(grads[0]);
    const Plan plan(state->sizes());
    const int64_t c = plan.sizes.channels, width = state->thin.numel();
    const at::Tensor wide = plan.partial(c * width, at::kFloat), bias = plan.partial(width, at::kFloat),
                     thin = plan.partial(width, at::kFloat);
    at::Tensor d_skips = at::empty(state->skips.sizes(), at::kFloat);
    const stack::TailForward forward = state->pass(nullptr);
    plan.run([&](int64_t chunk, int64_t task) {
      stack::tail_gradient({forward, d_out.const_data_ptr<float>(), state->wide_rows.const_data_ptr<float>(),
                            d_skips.mutable_data_ptr<float>(), row_of(wide, task), row_of(bias, task), row_of(thin, task)},
                           plan.chunks[chunk]);
    });
    const TimeTailTensors& tensors = state->tensors;
    const FoldedGradient folded =
        fold_gradient(state->options.norm, state->folded, tensors.wide_norm, tensors.wide_bias, state->moments,
                      total(wide).view({c, width}).t(), total(bias), state->options.sum);
    const bool batch = folded.statistics.defined();
    const at::Tensor statistics = batch ? as_float(folded.statistics) : at::Tensor(),
                     offset = batch ? as_float(folded.offset) : at::Tensor();
    plan.run([&](int64_t chunk, int64_t) {
      stack::tail_input_gradient(
          {plan.sizes, state->skips.const_data_ptr<float>(), batch ? statistics.const_data_ptr<float>() : nullptr,
           batch ? offset.const_data_ptr<float>() : nullptr, d_skips.mutable_data_ptr<float>()},
          plan.chunks[chunk]);
    });
    variable_list result{d_skips, as_float(folded.weight).unsqueeze(2), as_float(folded.bias)};
    if (tensors.wide_norm.gamma.defined()) {
      result.push_back(as_float(folded.gamma));
      result.push_back(as_float(folded.beta));
    }
    result.push_back(as_float(total(thin)).view({1, width, 1}));
    result.push_back(as_float(d_out.sum(at::kDouble)).view({1}));
    result.resize(result.size() + 2);  // tensors, options
    return result;
  }
};

}  // namespace

at::Tensor time_tail(const at::Tensor& skips, const TimeTailTensors& tensors, const TimeTailOptions& options) {
  TORCH_CHECK(time_tail_supports(skips, tensors), "time_tail: unsupported shapes or types");
  TORCH_CHECK(options.dropout == 0 || static_cast<int64_t>(options.keys.size()) == skips.size(0), "time_tail: one key a sample");
  std::vector<at::Tensor> parameters{tensors.wide_weight, tensors.wide_bias};
  if (tensors.wide_norm.gamma.defined()) {
    parameters.push_back(tensors.wide_norm.gamma);
    parameters.push_back(tensors.wide_norm.beta);
  }
  parameters.push_back(tensors.thin_weight);
  parameters.push_back(tensors.thin_bias);
  return TimeTail::apply(skips, at::TensorList(parameters), &tensors, &options);
}

bool time_tail_supports(const at::Tensor& skips, const TimeTailTensors& tensors) {
  constexpr int64_t kLanes = 16;  // the widest vector
  return skips.is_cpu() && skips.scalar_type() == at::kFloat && skips.dim() == 3 && skips.numel() > 0 &&
         skips.size(2) % kLanes == 0 && tensors.wide_weight.scalar_type() == at::kFloat &&
         tensors.wide_weight.size(0) % kLanes == 0 && skips.size(1) * tensors.wide_weight.size(0) <= int64_t{INT32_MAX};
}

}  // namespace hpcai::kernels
