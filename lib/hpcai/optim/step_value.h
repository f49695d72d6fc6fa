#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace hpcai::optim {

// A number that changes from step to step, such as the learning rate. On a CPU it is a plain number. On a GPU it is a scalar
// tensor, so that a captured graph reads the value of the present step. Call set() outside of the captured part.
class StepValue {
 public:
  StepValue() = default;                  // a plain number
  explicit StepValue(at::Device device);  // a float32 tensor [] on `device`

  void set(double value);
  bool is_tensor() const { return tensor_.defined(); }
  double number() const { return number_; }             // the value of the last set()
  const at::Tensor& tensor() const { return tensor_; }  // []; undefined for a plain number

 private:
  double number_ = 0;
  at::Tensor tensor_;
};

// The functions below act on each tensor of a list (any shapes). They work in place, except divided_each, which returns new
// tensors. multiply_each and divide_each do nothing if the plain number is 1.
void multiply_each(at::TensorList tensors, const StepValue& factor);
void divide_each(at::TensorList tensors, const StepValue& divisor);
std::vector<at::Tensor> divided_each(at::TensorList tensors, const StepValue& divisor);
// into[i] += factor what[i]; with `subtract`: into[i] -= factor what[i]
void add_scaled_each(at::TensorList into, at::TensorList what, const StepValue& factor, bool subtract = false);
// tensors[i] += weight (ends[i] - tensors[i])
void approach_each(at::TensorList tensors, at::TensorList ends, const StepValue& weight);

}  // namespace hpcai::optim
