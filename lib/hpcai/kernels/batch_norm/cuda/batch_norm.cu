#include "hpcai/kernels/batch_norm/cuda/batch_norm.h"

#include <ATen/Dispatch.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <algorithm>
#include <map>

#include "hpcai/kernels/batch_norm/cuda/batch_norm_kernels.cuh"

namespace hpcai::kernels::cuda {
namespace {

constexpr int64_t kRowsPerThread = 8;  // with fewer, the sums at the end would take a visible part of the time

// How the kernels cover the rows, see rows.cuh.
struct Layout {
  dim3 grid, block;
  size_t shared = 0;  // bytes, for sum_over_rows
};

Layout layout_of(const Rows& rows, int width) {
  Layout layout;
  const int lanes = rows.channels / width;
  layout.block.x = static_cast<unsigned>(std::min(lanes, kLanes));
  layout.block.y = 1;
  while (2 * layout.block.y * layout.block.x <= kBlockThreads) layout.block.y *= 2;
  layout.grid.y = (static_cast<unsigned>(lanes) + layout.block.x - 1) / layout.block.x;
  const int64_t most = std::max<int64_t>(1, 4 * at::cuda::getCurrentDeviceProperties()->multiProcessorCount / layout.grid.y);
  layout.grid.x = static_cast<unsigned>(std::clamp<int64_t>(rows.count / (layout.block.y * kRowsPerThread), 1, most));
  layout.shared = sizeof(double) * layout.block.x * layout.block.y * static_cast<size_t>(width);
  return layout;
}

Rows rows_of(const at::Tensor& input) {
  const auto channels = input.size(1);
  return {.count = input.numel() / channels, .channels = static_cast<int>(channels)};
}

// The counters of is_last_block, zero. One set for each stream: the kernels of a stream run one after the other.
unsigned* counters(const Layout& layout) {
  static auto& of_stream = *new std::map<std::pair<int, cudaStream_t>, at::Tensor>;  // CUDA may end before static objects do
  const auto stream = c10::cuda::getCurrentCUDAStream();
  at::Tensor& zeros = of_stream[{stream.device_index(), stream.stream()}];
  if (!zeros.defined() || zeros.numel() < layout.grid.y) {
    zeros = at::zeros({std::max<int64_t>(64, layout.grid.y)},
                      at::device(at::Device(at::kCUDA, stream.device_index())).dtype(at::kInt));
  }
  return reinterpret_cast<unsigned*>(zeros.mutable_data_ptr<int>());
}

at::Tensor partial_sums(const at::Tensor& input, const Layout& layout) {
  return at::empty({2 * static_cast<int64_t>(layout.grid.x), input.size(1)}, input.options().dtype(at::kFloat));
}

NormPointers norm_pointers_of(const at::Tensor& statistics, const NormTensors& tensors) {
  const float* const values = statistics.const_data_ptr<float>();
  return {.mean = values,
          .inverse = values + statistics.size(1),
          .gamma = tensors.gamma.const_data_ptr<float>(),
          .beta = tensors.beta.const_data_ptr<float>()};
}

StatisticsTargets targets_of(const at::Tensor& statistics, const NormTensors& tensors, const BatchNormOptions& options) {
  float* const values = statistics.mutable_data_ptr<float>();
  return {.eps = options.eps,
          .momentum = options.momentum,
          .mean = values,
          .inverse = values + statistics.size(1),
          .running_mean = tensors.running_mean.mutable_data_ptr<float>(),
          .running_var = tensors.running_var.mutable_data_ptr<float>(),
          .offset = options.offset.defined() ? options.offset.const_data_ptr<float>() : nullptr};
}

bool aligned(const at::Tensor& tensor, size_t bytes) { return reinterpret_cast<uintptr_t>(tensor.const_data_ptr()) % bytes == 0; }

// Calls run(type, width) with the values' type and the widest load that fits the channels and the tensors.
template <class Run>
void dispatch(const at::Tensor& input, const at::Tensor& other, const Run& run) {
  const c10::cuda::CUDAGuard guard(input.device());
  AT_DISPATCH_SWITCH(
      input.scalar_type(), "batch_norm", AT_DISPATCH_CASE(at::kFloat, [&] {
        const bool wide = input.size(1) % 4 == 0 && aligned(input, 16) && aligned(other, 16);
        wide ? run(scalar_t{}, std::integral_constant<int, 4>{}) : run(scalar_t{}, std::integral_constant<int, 1>{});
      }) AT_DISPATCH_CASE_REDUCED_FLOATING_TYPES([&] {
        const bool wide = input.size(1) % 8 == 0 && aligned(input, 16) && aligned(other, 16);
        wide ? run(scalar_t{}, std::integral_constant<int, 8>{}) : run(scalar_t{}, std::integral_constant<int, 1>{});
      }));
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

void moments(const at::Tensor& input, double* totals, const StatisticsTargets& targets) {
  dispatch(input, input, [&](auto type, auto width) {
    using T = decltype(type);
    const Rows rows = rows_of(input);
    const Layout layout = layout_of(rows, width);
    const at::Tensor partial = partial_sums(input, layout);
    moments_kernel<T, width><<<layout.grid, layout.block, layout.shared, c10::cuda::getCurrentCUDAStream()>>>(
        input.const_data_ptr<T>(), rows, partial.mutable_data_ptr<float>(), counters(layout), totals, targets);
  });
}

at::Tensor statistics(const at::Tensor& input, const NormTensors& tensors, const BatchNormOptions& options) {
  const at::Tensor found = at::empty({2, input.size(1)}, tensors.gamma.options().requires_grad(false));
  moments(input, nullptr, targets_of(found, tensors, options));
  return found;
}

at::Tensor sums(const at::Tensor& input) {
  const at::Tensor totals = at::empty({2 * input.size(1) + 1}, input.options().dtype(at::kDouble));
  moments(input, totals.mutable_data_ptr<double>(), {});
  return totals;
}

at::Tensor statistics_of_sums(const at::Tensor& totals, const NormTensors& tensors, const BatchNormOptions& options) {
  constexpr int kThreads = 128;
  const c10::cuda::CUDAGuard guard(totals.device());
  const auto channels = static_cast<int>(tensors.gamma.numel());
  const at::Tensor found = at::empty({2, channels}, tensors.gamma.options().requires_grad(false));
  statistics_kernel<<<(channels + kThreads - 1) / kThreads, kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(
      totals.const_data_ptr<double>(), channels, targets_of(found, tensors, options));
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return found;
}

at::Tensor normalise(const at::Tensor& input, const at::Tensor& statistics, const NormTensors& tensors, bool relu) {
  at::Tensor output = at::empty_like(input);
  dispatch(input, output, [&](auto type, auto width) {
    using T = decltype(type);
    const Rows rows = rows_of(input);
    const Layout layout = layout_of(rows, width);
    const auto kernel = relu ? normalise_kernel<T, width, true> : normalise_kernel<T, width, false>;
    kernel<<<layout.grid, layout.block, 0, c10::cuda::getCurrentCUDAStream()>>>(
        input.const_data_ptr<T>(), rows, norm_pointers_of(statistics, tensors), output.mutable_data_ptr<T>());
  });
  return output;
}

CudaBatchNorm::GradientSums gradient_sums(const at::Tensor& grad, const at::Tensor& input, const at::Tensor& statistics,
                                          const NormTensors& tensors, bool relu, bool over_ranks) {
  const int64_t channels = input.size(1);
  CudaBatchNorm::GradientSums found{
      .gradients = at::empty({3, channels}, statistics.options()),
      .input_terms = at::empty({2, channels}, statistics.options().dtype(over_ranks ? at::kDouble : at::kFloat))};
  dispatch(input, grad, [&](auto type, auto width) {
    using T = decltype(type);
    const Rows rows = rows_of(input);
    const Layout layout = layout_of(rows, width);
    const at::Tensor partial = partial_sums(input, layout);
    const GradientTargets targets{.gradients = found.gradients.mutable_data_ptr<float>(),
                                  .coefficients = over_ranks ? nullptr : found.input_terms.mutable_data_ptr<float>(),
                                  .totals = over_ranks ? found.input_terms.mutable_data_ptr<double>() : nullptr};
    const auto kernel = relu ? gradient_sums_kernel<T, width, true> : gradient_sums_kernel<T, width, false>;
    kernel<<<layout.grid, layout.block, layout.shared, c10::cuda::getCurrentCUDAStream()>>>(
        grad.const_data_ptr<T>(), input.const_data_ptr<T>(), rows, norm_pointers_of(statistics, tensors),
        partial.mutable_data_ptr<float>(), counters(layout), targets);
  });
  return found;
}

at::Tensor input_gradient(const at::Tensor& grad, const at::Tensor& input, const at::Tensor& statistics,
                          const at::Tensor& coefficients, const NormTensors& tensors, bool relu) {
  at::Tensor output = at::empty_like(input);
  dispatch(input, grad, [&](auto type, auto width) {
    using T = decltype(type);
    const Rows rows = rows_of(input);
    const Layout layout = layout_of(rows, width);
    const auto kernel = relu ? input_gradient_kernel<T, width, true> : input_gradient_kernel<T, width, false>;
    kernel<<<layout.grid, layout.block, 0, c10::cuda::getCurrentCUDAStream()>>>(
        grad.const_data_ptr<T>(), input.const_data_ptr<T>(), rows, norm_pointers_of(statistics, tensors),
        coefficients.const_data_ptr<float>(), output.mutable_data_ptr<T>());
  });
  return output;
}

}  // namespace

const CudaBatchNorm kBatchNorm{.statistics = statistics,
                               .sums = sums,
                               .statistics_of_sums = statistics_of_sums,
                               .normalise = normalise,
                               .gradient_sums = gradient_sums,
                               .input_gradient = input_gradient};

}  // namespace hpcai::kernels::cuda
