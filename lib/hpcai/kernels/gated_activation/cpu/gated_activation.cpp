#include "hpcai/kernels/gated_activation/gated_activation.h"

#include <algorithm>
#include <vector>

#include "hpcai/core/threads/pieces.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hpcai/kernels/gated_activation/cpu/gated_activation.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each instruction set
#include <hwy/highway.h>

#include "hpcai/kernels/simd/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace hpcai::kernels::HWY_NAMESPACE {

// out[i] = tanh(f[i]) sigmoid(g[i])
void forward_row(const float* f, const float* g, float* out, size_t count) {
  const hn::ScalableTag<float> d;
  size_t i = 0;
  const auto at = [&](auto tag, size_t k) {
    hn::StoreU(hn::Mul(fast_tanh(tag, hn::LoadU(tag, f + k)), fast_sigmoid(tag, hn::LoadU(tag, g + k))), tag, out + k);
  };
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) at(d, i);
  for (; i < count; ++i) at(hn::CappedTag<float, 1>(), i);
}

// With t = tanh(f), s = sigmoid(g): df = grad s (1 - t^2), dg = grad t s (1 - s)
void backward_row(const float* grad, const float* f, const float* g, float* df, float* dg, size_t count) {
  const hn::ScalableTag<float> d;
  size_t i = 0;
  const auto at = [&](auto tag, size_t k) {
    const auto t = fast_tanh(tag, hn::LoadU(tag, f + k)), s = fast_sigmoid(tag, hn::LoadU(tag, g + k));
    const auto slope = hn::Mul(hn::LoadU(tag, grad + k), s);
    hn::StoreU(hn::NegMulAdd(hn::Mul(slope, t), t, slope), tag, df + k);
    const auto product = hn::Mul(slope, t);
    hn::StoreU(hn::NegMulAdd(product, s, product), tag, dg + k);
  };
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) at(d, i);
  for (; i < count; ++i) at(hn::CappedTag<float, 1>(), i);
}

}  // namespace hpcai::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace hpcai::kernels {
namespace {

HWY_EXPORT(forward_row);
HWY_EXPORT(backward_row);

constexpr int64_t kPieceValues = 32768;  // values; a smaller piece is not worth a thread

// Calls work(begin, end) for pieces of the rows.
template <class Work>
void for_rows(int64_t rows, int64_t gates, const Work& work) {
  const int64_t size = std::max<int64_t>(1, kPieceValues / gates);
  for_pieces((rows + size - 1) / size, [&](int64_t i) { work(i * size, std::min(rows, (i + 1) * size)); });
}

template <class T>
void forward_rows(const T* merged, T* out, int64_t rows, int64_t gates) {
  for_rows(rows, gates, [&](int64_t begin, int64_t end) {
    std::vector<float> wide(3 * gates);
    for (int64_t row = begin; row < end; ++row) {
      const T* const f = merged + row * 2 * gates;
      if constexpr (std::is_same_v<T, float>) {
        HWY_DYNAMIC_DISPATCH(forward_row)(f, f + gates, out + row * gates, gates);
      } else {
        std::copy(f, f + 2 * gates, wide.begin());
        HWY_DYNAMIC_DISPATCH(forward_row)(wide.data(), wide.data() + gates, wide.data() + 2 * gates, gates);
        std::copy(wide.begin() + 2 * gates, wide.end(), out + row * gates);
      }
    }
  });
}

template <class T>
void backward_rows(const T* grad, const T* merged, T* out, int64_t rows, int64_t gates) {
  for_rows(rows, gates, [&](int64_t begin, int64_t end) {
    std::vector<float> wide(5 * gates);
    float *const g = wide.data(), *const in = g + gates, *const result = in + 2 * gates;
    for (int64_t row = begin; row < end; ++row) {
      const T* const f = merged + row * 2 * gates;
      T* const to = out + row * 2 * gates;
      if constexpr (std::is_same_v<T, float>) {
        HWY_DYNAMIC_DISPATCH(backward_row)(grad + row * gates, f, f + gates, to, to + gates, gates);
      } else {
        std::copy(grad + row * gates, grad + (row + 1) * gates, g);
        std::copy(f, f + 2 * gates, in);
        HWY_DYNAMIC_DISPATCH(backward_row)(g, in, in + gates, result, result + gates, gates);
        std::copy(result, result + 2 * gates, to);
      }
    }
  });
}

at::Tensor forward(const at::Tensor& merged) {
  auto shape = merged.sizes().vec();
  const int64_t gates = shape.back() /= 2;
  at::Tensor out = at::empty(shape, merged.options());
  const int64_t rows = out.numel() / gates;
  if (merged.scalar_type() == at::kFloat) {
    forward_rows(merged.const_data_ptr<float>(), out.mutable_data_ptr<float>(), rows, gates);
  } else {
    forward_rows(merged.const_data_ptr<at::BFloat16>(), out.mutable_data_ptr<at::BFloat16>(), rows, gates);
  }
  return out;
}

at::Tensor backward(const at::Tensor& grad, const at::Tensor& merged) {
  at::Tensor out = at::empty(merged.sizes(), merged.options());
  const int64_t gates = merged.size(-1) / 2, rows = grad.numel() / gates;
  if (merged.scalar_type() == at::kFloat) {
    backward_rows(grad.const_data_ptr<float>(), merged.const_data_ptr<float>(), out.mutable_data_ptr<float>(), rows, gates);
  } else {
    backward_rows(grad.const_data_ptr<at::BFloat16>(), merged.const_data_ptr<at::BFloat16>(),
                  out.mutable_data_ptr<at::BFloat16>(), rows, gates);
  }
  return out;
}

}  // namespace

const GatedActivationKernel kCpuGatedActivation{.forward = forward, .backward = backward};

}  // namespace hpcai::kernels
#endif  // HWY_ONCE
