#include "hpcai/kernels/time_tail/time_tail.h"

#include "hpcai/kernels/gated_stack/pass_arguments.h"
#include "hpcai/kernels/gated_stack/row_partition.h"
#include "hpcai/kernels/once_differentiable.h"
#include "hpcai/kernels/time_tail/cpu/time_tail_chunk.h"

namespace hpcai::kernels {
namespace {

using stack::as_float;
using stack::data;
using stack::mutable_data;
using stack::RowPartition;
using stack::task_row;
using stack::total;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// What a forward pass leaves for its backward pass. The four tensors at the end are the folded parameters, float32.
struct TimeTailState : torch::CustomClassHolder {
  at::Tensor skips;  // [batch, time, C]
  TimeTailTensors tensors;
  TimeTailOptions options;
  InputMoments moments;
  FoldedLinear folded;
  at::Tensor wide_columns, wide_rows, wide_bias, thin;  // [C, W], [W, C], [W], [W]

  stack::Sizes sizes() const { return {.samples = skips.size(0), .steps = skips.size(1), .channels = skips.size(2)}; }

  // The arguments of tail_forward; `out` is null for a backward pass.
  stack::TailForward forward_arguments(float* out) const {
    const double rate = options.dropout;
    return {.sizes = sizes(),
            .width = thin.numel(),
            .skips = data(skips),
            .wide_weight = data(wide_columns),
            .wide_bias = data(wide_bias),
            .thin_weight = data(thin),
            .thin_bias = *tensors.thin_bias.const_data_ptr<float>(),
            .threshold = dropout_threshold(rate),
            .kept = static_cast<float>(1 / (1 - rate)),
            .keys = options.keys.data(),
            .out = out};
  }
};

// Mean and covariance of relu(skips): the sums of the gated stack's passes, with no lag and no norm.
InputMoments moments_of(const TimeTailState& state, const RowPartition& partition) {
  const int64_t c = partition.sizes.channels, square = c * c;
  const at::Tensor partial = partition.partial_sums(c + 2 * square);
  const at::Tensor identity = at::cat({at::ones({1, c}), at::zeros({1, c}), at::zeros({1, c}), at::ones({1, c})});
  partition.run([&](int64_t chunk, int64_t task) {
    double* const row = task_row<double>(partial, task);
    stack::tap_sums({.sizes = partition.sizes,
                     .a = stack::stored(state.skips),
                     .a_norm = stack::norm_of(identity),
                     .sum = row,
                     .square = row + c,
                     .lagged = row + c + square},
                    partition.chunks[chunk]);
  });
  const at::Tensor sums = total(partial);
  return input_moments(partition.sizes.rows(), sums.narrow(0, 0, c), sums.narrow(0, c, square), state.options.sum);
}

struct TimeTail : OnceDifferentiable<TimeTail> {
  static constexpr const char* kName = "time_tail";

  static at::Tensor forward(AutogradContext* context, const at::Tensor& skips, at::TensorList /*parameters*/,
                            const TimeTailTensors* tensors, const TimeTailOptions* options) {
    const auto state = c10::make_intrusive<TimeTailState>();
    state->skips = skips.detach().contiguous();
    state->tensors = *tensors;
    state->options = *options;
    const RowPartition partition(state->sizes());
    if (options->norm == NormSource::batch) state->moments = moments_of(*state, partition);
    state->folded = fold(options->norm, tensors->wide_norm, tensors->wide_weight.squeeze(2), tensors->wide_bias, state->moments,
                         options->eps, options->momentum);
    state->wide_rows = as_float(state->folded.weight);
    state->wide_columns = as_float(state->folded.weight.t());
    state->wide_bias = as_float(state->folded.bias);
    state->thin = as_float(tensors->thin_weight.flatten());
    at::Tensor out = at::empty({skips.size(0), skips.size(1)}, at::kFloat);
    const stack::TailForward arguments = state->forward_arguments(mutable_data(out));
    partition.run([&](int64_t chunk, int64_t) { stack::tail_forward(arguments, partition.chunks[chunk]); });
    context->saved_data["state"] = c10::IValue::make_capsule(state);
    return out;
  }

  static variable_list gradients(AutogradContext* context, variable_list grads) {
    const auto state = c10::static_intrusive_pointer_cast<TimeTailState>(context->saved_data["state"].toCapsule());
    const at::Tensor d_out = as_float(grads[0]);
    const RowPartition partition(state->sizes());
    const int64_t c = partition.sizes.channels, width = state->thin.numel();
    const at::Tensor wide = partition.partial_sums(c * width, at::kFloat), bias = partition.partial_sums(width, at::kFloat),
                     thin = partition.partial_sums(width, at::kFloat);
    at::Tensor d_skips = at::empty(state->skips.sizes(), at::kFloat);
    const stack::TailForward forward = state->forward_arguments(nullptr);
    partition.run([&](int64_t chunk, int64_t task) {
      stack::tail_gradient({.forward = forward,
                            .d_out = data(d_out),
                            .wide_weight_rows = data(state->wide_rows),
                            .d_skips = mutable_data(d_skips),
                            .d_wide_weight = task_row<float>(wide, task),
                            .d_wide_bias = task_row<float>(bias, task),
                            .d_thin_weight = task_row<float>(thin, task)},
                           partition.chunks[chunk]);
    });
    const TimeTailTensors& tensors = state->tensors;
    const FoldedGradient folded =
        fold_gradient(state->options.norm, state->folded, tensors.wide_norm, tensors.wide_bias, state->moments,
                      total(wide).view({c, width}).t(), total(bias), state->options.sum);
    const bool batch = folded.statistics.defined();
    const at::Tensor statistics = batch ? as_float(folded.statistics) : at::Tensor(),
                     offset = batch ? as_float(folded.offset) : at::Tensor();
    partition.run([&](int64_t chunk, int64_t) {
      stack::tail_input_gradient({.sizes = partition.sizes,
                                  .skips = data(state->skips),
                                  .statistics = data(statistics),
                                  .offset = data(offset),
                                  .d_skips = mutable_data(d_skips)},
                                 partition.chunks[chunk]);
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
  TORCH_CHECK(options.dropout == 0 || static_cast<int64_t>(options.keys.size()) == skips.size(0),
              "time_tail: dropout needs one key for each sample");
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
