#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "hpcai/core/threads/pieces.h"
#include "hpcai/kernels/update/update.h"

// Update rules for parameters on a CPU read and write each value once. Each rule runs one kernel of kernels/update over parts of
// all tensors, on the compute threads.
namespace hpcai::optim {

using kernels::UpdatePiece;

// What an update does in its pass over memory besides its rule.
struct Alongside {
  double gradient_scale = 1;                  // of all gradients, as clipping scales them; the gradients themselves stay
  std::vector<double> gradient_squares = {};  // sums over each gradient that the update reads; empty: not known
  std::vector<float*> averages = {};          // of the weights: one for each parameter of the optimizer, or null; empty: of none
  double average_weight = 0;                  // average += average_weight (updated weight - average)
};

// A tensor that is dense in memory, float32 and on a CPU.
bool is_flat(const at::Tensor& tensor);

// Tensors cut into parts that a thread does at once. The cut depends on the sizes only, so sums over the parts of a tensor do not
// depend on the number of threads. The tensors must outlive the object.
class Parts {
 public:
  explicit Parts(std::span<const UpdatePiece> tensors);

  // Calls work(number of the tensor, part) for all parts.
  template <class Work>
  void for_each(const Work& work) const {
    for_pieces(static_cast<int64_t>(parts_.size()), [&](int64_t i) { work(parts_[i].tensor, piece(i)); });
  }

  // The sum of work(number of the tensor, part) over the parts of each tensor, in their order.
  template <class Sum, class Work>
  std::vector<Sum> sums(const Work& work) const {
    std::vector<Sum> of_parts(parts_.size()), sums(tensors_.size());
    for_pieces(static_cast<int64_t>(parts_.size()), [&](int64_t i) { of_parts[i] = work(parts_[i].tensor, piece(i)); });
    for (size_t i = 0; i < parts_.size(); ++i) sums[parts_[i].tensor] += of_parts[i];
    return sums;
  }

 private:
  struct Part {
    size_t tensor;
    int64_t begin, end;
  };
  UpdatePiece piece(int64_t i) const {
    const Part& part = parts_[static_cast<size_t>(i)];
    return tensors_[part.tensor].part(part.begin, part.end);
  }

  std::span<const UpdatePiece> tensors_;
  std::vector<Part> parts_;
};

// Calls work(first, count) for runs of tensors that stay in the last cache level, for rules that go over them twice.
template <class Work>
void for_cached_runs(std::span<const UpdatePiece> tensors, const Work& work) {
  constexpr int64_t kRunValues = int64_t{1} << 19;
  for (size_t first = 0; first < tensors.size();) {
    size_t end = first;
    for (int64_t values = 0; end < tensors.size() && (end == first || values + tensors[end].count <= kRunValues); ++end) {
      values += tensors[end].count;
    }
    work(first, end - first);
    first = end;
  }
}

}  // namespace hpcai::optim
