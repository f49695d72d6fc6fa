#include "hpcai/trainer/step_outcome.h"

#include <fmt/format.h>

#include <cmath>

#include "hpcai/core/error.h"

namespace hpcai::trainer {
namespace {

constexpr size_t kMostNamed = 8;

// values [batch, ...] -> bool [batch]: whether a value of the sample is not finite.
at::Tensor broken_rows(const at::Tensor& values) {
  if (values.numel() == 0 || !values.is_floating_point()) return at::zeros({values.size(0)}, at::kBool);
  return values.isfinite().flatten(1).all(1).logical_not();
}

std::vector<int64_t> broken_samples(const data::Batch& batch) {
  at::Tensor broken = broken_rows(batch.input);
  if (batch.target.defined()) broken = broken.logical_or(broken_rows(batch.target));
  std::vector<int64_t> samples;
  for (size_t i = 0; i < batch.index.size(); ++i) {
    if (broken[static_cast<int64_t>(i)].item<bool>()) samples.push_back(batch.index[i]);
  }
  return samples;
}

std::string listed(const data::Dataset& dataset, const std::vector<int64_t>& samples) {
  std::string text;
  for (size_t i = 0; i < samples.size() && i < kMostNamed; ++i) text += (i ? ", " : "") + dataset.id(samples[i]);
  return samples.size() > kMostNamed ? text + fmt::format(" and {} more", samples.size() - kMostNamed) : text;
}

std::string name_samples(const data::StepLoader& loader, const data::StepBatch& batch) {
  std::string text;
  auto add_broken = [&](const std::string& of, const data::Dataset& dataset, const data::Batch& part) {
    const std::vector<int64_t> broken = broken_samples(part);
    if (broken.empty()) return;
    text += fmt::format("{}values that are not finite in {}{}", text.empty() ? "" : "; ", of, listed(dataset, broken));
  };
  add_broken("", loader.main().dataset(), batch);
  for (const auto& [name, part] : batch.further) add_broken(name + " ", loader.further().at(name)->dataset(), part);
  return text.empty() ? "samples of the step: " + listed(loader.main().dataset(), batch.index) : text;
}

}  // namespace

// One sum over the ranks of 3 + 2 n values: the loss, whether it is not finite, whether to stop, and the two times of each rank.
StepOutcome agree_on_step(distributed::Group& group, const at::Tensor& loss, bool stop, const Busy& busy) {
  const distributed::InPhase phase(group.status(), distributed::Phase::exchange);
  const double value = loss.item<double>();
  if (group.size() == 1) return {value, std::isfinite(value), stop, {busy}};
  std::vector<double> sums(3 + 2 * static_cast<size_t>(group.size()));
  sums[0] = value;
  sums[1] = std::isfinite(value) ? 0 : 1;
  sums[2] = stop ? 1 : 0;
  double* mine = sums.data() + 3 + 2 * group.rank();
  mine[0] = busy.input_s;
  mine[1] = busy.compute_s;
  const at::Tensor exchanged = at::tensor(sums, at::kDouble).to(group.device());
  group.all_reduce_sum(exchanged);
  const at::Tensor host = exchanged.cpu();
  const double* sum = host.const_data_ptr<double>();
  StepOutcome outcome{sum[0] / group.size(), sum[1] == 0, sum[2] > 0, {}};
  for (int rank = 0; rank < group.size(); ++rank) outcome.busy.push_back({sum[3 + 2 * rank], sum[4 + 2 * rank]});
  return outcome;
}

void report_divergence(distributed::Group& group, int64_t step, const data::StepLoader& loader, const data::StepBatch& batch,
                       const at::Tensor& loss) {
  const bool mine = !std::isfinite(loss.item<double>());
  const auto texts = group.all_gather(mine ? name_samples(loader, batch) : std::string());
  std::string where;
  for (size_t rank = 0; rank < texts.size(); ++rank) {
    if (texts[rank].empty()) continue;
    where += group.size() == 1 ? texts[rank] : fmt::format("{}rank {}: {}", where.empty() ? "" : "; ", rank, texts[rank]);
  }
  throw SharedError(ExitCode::diverged, fmt::format("the loss is not finite at step {} ({}); nothing was updated", step, where),
                    "Look at these samples, lower optimizer.lr, lengthen the warm-up, or set training.clip_norm. "
                    "The last checkpoint is intact.");
}

}  // namespace hpcai::trainer
