#include "hpcai/distributed/exchange/compare_state.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace hpcai::distributed {
namespace {

constexpr int64_t kWordBytes = 8;

at::ScalarType integer_of(int64_t bytes) {
  switch (bytes) {
    case 1: return at::kByte;
    case 2: return at::kShort;
    case 4: return at::kInt;
    default: return at::kLong;
  }
}

// Of values [n] that lie one after another.
at::Tensor sum_as(at::ScalarType type, const at::Tensor& values) { return values.view(type).sum(at::kLong); }

// The rank that more than half of all ranks agree with, if there is one.
std::optional<int> first_of_majority(const std::vector<at::Tensor>& sums) {
  for (size_t rank = 0; rank < sums.size(); ++rank) {
    const auto equal =
        std::count_if(sums.begin(), sums.end(), [&](const at::Tensor& other) { return at::equal(sums[rank], other); });
    if (2 * static_cast<size_t>(equal) > sums.size()) return static_cast<int>(rank);
  }
  return std::nullopt;
}

}  // namespace

// Words of 64 bits are summed without a copy; the values that do not fill a word are added on their own.
at::Tensor sum_of_bits(const at::Tensor& tensor) {
  const at::NoGradGuard no_grad;
  const at::Tensor values = values_in_memory_order(tensor.is_non_overlapping_and_dense() ? tensor : tensor.contiguous());
  const int64_t size = values.element_size(), in_word = std::max<int64_t>(1, kWordBytes / size);
  const bool aligned = values.storage_offset() * size % kWordBytes == 0;
  const int64_t whole = aligned ? values.numel() / in_word * in_word : 0;
  const at::Tensor rest = sum_as(integer_of(size), values.narrow(0, whole, values.numel() - whole));
  return whole > 0 ? rest + sum_as(at::kLong, values.narrow(0, 0, whole)) : rest;
}

std::optional<StateDifference> compare_state(Group& group, const NamedTensors& tensors) {
  if (group.size() == 1 || tensors.empty()) return std::nullopt;
  std::vector<at::Tensor> mine;
  for (const auto& [name, tensor] : tensors) mine.push_back(sum_of_bits(tensor));
  std::vector<at::Tensor> sums;
  for (const at::Tensor& of_rank : group.all_gather(at::stack(mine))) sums.push_back(of_rank.cpu());
  StateDifference difference;
  difference.source = first_of_majority(sums);
  const at::Tensor& right = sums[difference.source.value_or(0)];
  at::Tensor differs = at::zeros(right.sizes(), at::kBool);
  for (int rank = 0; rank < group.size(); ++rank) {
    const bool equal = at::equal(sums[rank], right);
    if (!equal) differs.logical_or_(sums[rank] != right);
    if (!equal || !difference.source) difference.ranks.push_back(rank);
  }
  if (difference.ranks.empty()) return std::nullopt;
  difference.tensor = tensors[static_cast<size_t>(differs.to(at::kInt).argmax().item<int64_t>())].first;
  return difference;
}

}  // namespace hpcai::distributed
