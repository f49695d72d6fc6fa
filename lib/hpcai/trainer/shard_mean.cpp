#include "hpcai/trainer/shard_mean.h"

#include <ATen/core/grad_mode.h>

#include <limits>
#include <stdexcept>
#include <utility>

namespace hpcai::trainer {
namespace {

constexpr double kMebibyte = 1 << 20;
constexpr double kOneBucket = std::numeric_limits<double>::infinity();

}  // namespace

ShardMean::ShardMean(distributed::Group& group, const models::Model& model, const std::vector<at::Tensor>& trained,
                     int64_t shards, double bucket_mb)
    : group_(group),
      shards_(shards),
      piece_bytes_(bucket_mb * kMebibyte),
      gradients_(distributed::make_gradient_buffers(trained, kOneBucket, kOneBucket)) {
  if (shards < 1 || shards % group.size() != 0) throw std::invalid_argument("ShardMean: the ranks do not divide the shards");
  for (const at::Tensor& buffer : model.buffers()) {
    if (!buffer.is_floating_point()) continue;
    statistics_.push_back(buffer);
    before_.push_back(buffer.clone());
  }
}

void ShardMean::begin_shard() {
  const at::NoGradGuard no_grad;
  for (const at::Tensor& flat : gradients_.flat) flat.zero_();
  for (const auto& slot : gradients_.slots) slot.parameter.mutable_grad() = slot.gradient;
  for (size_t i = 0; i < statistics_.size(); ++i) {
    done_ == 0 ? before_[i].copy_(statistics_[i]) : statistics_[i].copy_(before_[i]);
  }
}

// Running statistics and loss, float64 [values].
at::Tensor ShardMean::side_values(const at::Tensor& loss) const {
  std::vector<at::Tensor> values;
  for (const at::Tensor& statistic : statistics_) values.push_back(statistic.flatten().to(at::kDouble));
  values.push_back(loss.detach().to(at::kDouble).view({1}));
  return at::cat(values);
}

void ShardMean::end_shard(const at::Tensor& loss) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> values;
  for (const auto& slot : gradients_.slots) distributed::adopt_gradient(slot);
  for (const at::Tensor& flat : gradients_.flat) values.push_back(flat.clone());
  values.push_back(side_values(loss));
  sum_.add({.first = group_.rank() * (shards_ / group_.size()) + done_++, .sums = std::move(values)});
}

at::Tensor ShardMean::finish() {
  const at::NoGradGuard no_grad;
  done_ = 0;
  const auto sums = distributed::sum_over_ranks(group_, std::exchange(sum_, {}), piece_bytes_);
  for (size_t i = 0; i < gradients_.flat.size(); ++i) gradients_.flat[i].copy_(sums[i]).div_(shards_);
  const at::Tensor side = sums.back().div_(shards_);
  int64_t begin = 0;
  for (const at::Tensor& statistic : statistics_) {
    statistic.copy_(side.narrow(0, begin, statistic.numel()).view(statistic.sizes()));
    begin += statistic.numel();
  }
  return side[begin];
}

}  // namespace hpcai::trainer
