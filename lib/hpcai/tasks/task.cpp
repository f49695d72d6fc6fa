#include "hpcai/tasks/task.h"

#include <ATen/ATen.h>

namespace hpcai::tasks {

std::string Task::lacks(const Metric&, const data::SampleSpec&) const { return ""; }

at::Tensor widened(const at::Tensor& values) {
  return at::isReducedFloatingType(values.scalar_type()) ? values.to(at::kFloat) : values;
}

std::vector<double> row_major(const at::Tensor& tensor, int64_t columns) {
  const at::Tensor values = tensor.to(at::kDouble).narrow(1, 0, columns).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

}  // namespace hpcai::tasks
