#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace hpcai::optim {

// A number that changes from step to step, such as the learning rate, and that the update of a step uses. On a CPU it is a number
// in memory. On a GPU it is a scalar there: what is captured as a graph then reads the number of each step, not that of the step
// in which it was captured. set() belongs outside the captured part, all else into it.
class StepValue {
 public:
  StepValue() = default;                  // a number in memory
  explicit StepValue(at::Device device);  // a float32 scalar [] on `device`

  void set(double value);
  bool is_tensor() const { return tensor_.defined(); }
  double number() const { return number_; }             // what was set last
  const at::Tensor& tensor() const { return tensor_; }  // [], undefined for a number in memory

 private:
  double number_ = 0;
  at::Tensor tensor_;
};

// In place, for each tensor of a list; a number in memory that changes nothing costs nothing.
void multiply_each(at::TensorList tensors, const StepValue& factor);
void divide_each(at::TensorList tensors, const StepValue& divisor);
std::vector<at::Tensor> divided_each(at::TensorList tensors, const StepValue& divisor);  // new tensors
// into[i] += factor what[i], or -= with `subtract`
void add_scaled_each(at::TensorList into, at::TensorList what, const StepValue& factor, bool subtract = false);
// tensors[i] += weight (ends[i] - tensors[i])
void approach_each(at::TensorList tensors, at::TensorList ends, const StepValue& weight);

}  // namespace hpcai::optim
