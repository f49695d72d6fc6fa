#include "hpcai/distributed/exchange/power_sgd.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace hpcai::distributed {
namespace {

constexpr int64_t kLeastGain = 2;       // a gradient is compressed if it shrinks at least so many times
constexpr double kDependent = 1e-6;     // the part of a column that is rounding errors if nothing else is left
constexpr uint64_t kSeed = 0x9057e12d;  // of all random starts

// The memory of a dense gradient as a matrix [n, m]: n is the size of the dimension that is outermost in memory.
at::Tensor matrix_of(const at::Tensor& gradient) {
  if (gradient.dim() < 2) return gradient.as_strided({gradient.numel(), 1}, {1, 1});
  const auto strides = gradient.strides();
  const auto outermost = std::max_element(strides.begin(), strides.end()) - strides.begin();
  const int64_t rows = gradient.size(outermost);
  return gradient.as_strided({rows, gradient.numel() / rows}, {gradient.numel() / rows, 1});
}

// The number of columns of the thin matrices; 0: the gradient would not shrink enough.
int64_t columns_for(const at::Tensor& matrix, int64_t rank) {
  const int64_t n = matrix.size(0), m = matrix.size(1), columns = std::min({rank, n, m});
  return n * m > kLeastGain * columns * (n + m) ? columns : 0;
}

at::Tensor random_matrix(at::IntArrayRef shape, uint64_t number, at::Device device) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(kSeed + number);
  const at::Tensor matrix = at::randn(shape, generator, at::TensorOptions(at::kFloat));
  orthonormalise(matrix);
  return matrix.to(device);
}

// The sum of the products of two columns [n]. Eight sums side by side fill the vector registers.
double product(const double* a, const double* b, int64_t n) {
  double sums[8] = {};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int64_t k = 0; k < 8; ++k) sums[k] += a[i + k] * b[i + k];
  }
  for (int64_t k = 0; i + k < n; ++k) sums[k] += a[i + k] * b[i + k];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

// As orthonormalise(). A step does it twice for each gradient, and LibTorch's operators take longer to start than to compute.
void orthonormalise_on_cpu(const at::Tensor& matrix) {
  const int64_t n = matrix.size(0), rank = matrix.size(1);
  float* const values = matrix.mutable_data_ptr<float>();
  std::vector<double> columns(static_cast<size_t>(n * rank));  // [rank, n]
  const auto column = [&](int64_t k) { return columns.data() + k * n; };
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < rank; ++k) column(k)[i] = values[i * rank + k];
  }
  std::vector<double> parts(static_cast<size_t>(rank));  // of a column in the direction of each column before it
  for (int64_t k = 0; k < rank; ++k) {
    double* const own = column(k);
    const double length = std::sqrt(product(own, own, n));
    for (int pass = 0; pass < 2 && k > 0; ++pass) {
      for (int64_t before = 0; before < k; ++before) parts[static_cast<size_t>(before)] = product(column(before), own, n);
      for (int64_t before = 0; before < k; ++before) {
        for (int64_t i = 0; i < n; ++i) own[i] -= parts[static_cast<size_t>(before)] * column(before)[i];
      }
    }
    const double left = std::sqrt(product(own, own, n));
    const bool depends = left <= kDependent * length && std::isfinite(length);
    for (int64_t i = 0; i < n; ++i) own[i] = depends ? 0 : own[i] / left;
  }
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < rank; ++k) values[i * rank + k] = static_cast<float>(column(k)[i]);
  }
}

// The next part of `flat` with this shape.
at::Tensor take(const at::Tensor& flat, int64_t& begin, at::IntArrayRef shape) {
  const int64_t count = c10::multiply_integers(shape);
  const at::Tensor part = flat.narrow(0, begin, count).view(shape);
  begin += count;
  return part;
}

}  // namespace

SentValues sent_values(const std::vector<at::Tensor>& gradients, int64_t rank) {
  SentValues sent;
  for (const at::Tensor& gradient : gradients) {
    const at::Tensor matrix = matrix_of(gradient);
    const int64_t columns = columns_for(matrix, rank);
    sent.left += columns > 0 ? matrix.size(0) * columns : matrix.numel();
    sent.right += matrix.size(1) * columns;
  }
  return sent;
}

void orthonormalise(const at::Tensor& matrix) {
  if (matrix.is_cpu() && matrix.is_contiguous()) return orthonormalise_on_cpu(matrix);
  const at::Tensor columns = matrix.to(at::kDouble).t().contiguous();  // [rank, n]
  for (int64_t i = 0; i < columns.size(0); ++i) {
    const at::Tensor column = columns[i], before = columns.narrow(0, 0, i);
    const at::Tensor length = column.norm();
    for (int pass = 0; pass < 2 && i > 0; ++pass) column.sub_(at::matmul(at::matmul(before, column), before));
    const at::Tensor left = column.norm();
    // A column that is not finite must stay so, because all ranks then skip the step.
    const at::Tensor depends = (left <= kDependent * length).logical_and(length.isfinite());
    column.div_(left.masked_fill(left == 0, 1)).masked_fill_(depends, 0);
  }
  matrix.copy_(columns.t());
}

PowerSgd::PowerSgd(Group& group, at::Tensor values, const std::vector<at::Tensor>& gradients, int64_t rank, int64_t number)
    : group_(group), values_(std::move(values)), error_(at::zeros_like(values_)) {
  for (const at::Tensor& gradient : gradients) {
    const at::Tensor matrix = matrix_of(gradient);
    const int64_t offset = matrix.storage_offset() - values_.storage_offset();
    const at::Tensor error = error_.narrow(0, offset, matrix.numel()).view(matrix.sizes());
    if (const int64_t columns = columns_for(matrix, rank); columns > 0) {
      const at::Tensor start = random_matrix({matrix.size(1), columns}, static_cast<uint64_t>(number), group.device());
      matrices_.push_back({.values = matrix, .error = error, .left = {}, .right = {}, .first_right = start});
    } else {
      exact_.push_back(matrix.view({-1}));
    }
    ++number;
  }
  const SentValues sent = sent_values(gradients, rank);
  left_ = group.shared_zeros(sent.left, at::kFloat);
  right_ = group.shared_zeros(sent.right, at::kFloat);
  int64_t left = 0, right = 0;
  for (Matrix& matrix : matrices_) {
    matrix.left = take(left_, left, {matrix.values.size(0), matrix.first_right.size(1)});
    matrix.right = take(right_, right, matrix.first_right.sizes());
  }
  for (const at::Tensor& exact : exact_) exact_sent_.push_back(take(left_, left, exact.sizes()));
  forget();
}

void PowerSgd::forget() {
  error_.zero_();
  for (const Matrix& matrix : matrices_) matrix.right.copy_(matrix.first_right);
}

void PowerSgd::send_left() {
  values_.add_(error_);
  for (Matrix& matrix : matrices_) {
    orthonormalise(matrix.right);
    at::mm_out(matrix.left, matrix.values, matrix.right);
  }
  for (size_t i = 0; i < exact_.size(); ++i) exact_sent_[i].copy_(exact_[i]);
  work_ = group_.all_reduce_async(left_);
}

void PowerSgd::send_right() {
  work_->wait();
  work_.reset();
  for (size_t i = 0; i < exact_.size(); ++i) exact_[i].copy_(exact_sent_[i]).div_(group_.size());
  if (matrices_.empty()) return;
  for (Matrix& matrix : matrices_) {
    orthonormalise(matrix.left);
    at::mm_out(matrix.right, matrix.values.t(), matrix.left);
  }
  work_ = group_.all_reduce_async(right_);
}

void PowerSgd::complete() {
  if (!work_) return;
  work_->wait();
  work_.reset();
  right_.div_(group_.size());
  for (Matrix& matrix : matrices_) {
    // The error is what the mean leaves out of the values, which the mean then replaces.
    matrix.error.copy_(matrix.values);
    at::mm_out(matrix.values, matrix.left, matrix.right.t());
    matrix.error.sub_(matrix.values);
    const at::Tensor is_zero = (matrix.right == 0).all(0, /*keepdim=*/true);
    matrix.right.copy_(at::where(is_zero, matrix.first_right, matrix.right));
  }
}

}  // namespace hpcai::distributed
