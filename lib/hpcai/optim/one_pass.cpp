#include "hpcai/optim/one_pass.h"

namespace hpcai::optim {

bool is_flat(const at::Tensor& tensor) {
  return tensor.is_cpu() && tensor.scalar_type() == at::kFloat && tensor.is_non_overlapping_and_dense();
}

Parts::Parts(std::span<const UpdatePiece> tensors) : tensors_(tensors) {
  constexpr int64_t kPartValues = 32768;
  for (size_t tensor = 0; tensor < tensors.size(); ++tensor) {
    const int64_t count = tensors[tensor].count;
    for (int64_t begin = 0; begin < count; begin += kPartValues) {
      parts_.push_back({tensor, begin, std::min(begin + kPartValues, count)});
    }
  }
}

}  // namespace hpcai::optim
