#include "hpcai/trainer/step_outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "hpcai/checkpoint/finite.h"
#include "hpcai/core/json.h"

namespace hpcai::trainer {
namespace {

constexpr size_t kMostNamed = 8;  // samples of a rank, and ranks

// values [batch, ...] -> bool [batch]: whether a value of the sample is not finite. `padded`: NaN stands behind the end of a
// sequence.
at::Tensor broken_rows(const at::Tensor& values, bool padded) {
  if (values.numel() == 0 || !values.is_floating_point()) return at::zeros({values.size(0)}, at::kBool);
  const at::Tensor broken = padded ? values.isinf() : values.isfinite().logical_not();
  return broken.flatten(1).any(1);
}

std::vector<int64_t> broken_samples(const data::Batch& batch, bool padded) {
  at::Tensor broken = broken_rows(batch.input, padded);
  if (batch.target.defined()) broken = broken.logical_or(broken_rows(batch.target, padded));
  std::vector<int64_t> samples;
  for (size_t i = 0; i < batch.index.size(); ++i) {
    if (broken[static_cast<int64_t>(i)].item<bool>()) samples.push_back(batch.index[i]);
  }
  return samples;
}

std::string listed(const std::vector<std::string>& samples) {
  std::string text;
  for (size_t i = 0; i < samples.size() && i < kMostNamed; ++i) text += (i ? ", " : "") + samples[i];
  return samples.size() > kMostNamed ? text + fmt::format(" and {} more", samples.size() - kMostNamed) : text;
}

std::vector<std::string> ids_of(const data::Dataset& dataset, const std::vector<int64_t>& samples) {
  std::vector<std::string> ids;
  for (const int64_t sample : samples) ids.push_back(dataset.id(sample));
  return ids;
}

// The samples of one rank that may have caused a divergence.
struct Suspects {
  bool broken = false;                    // whether their values are not finite
  std::vector<std::string> samples = {};  // ids
  std::string text = {};                  // empty if no sample of the rank is suspected
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Suspects, broken, samples, text)

Suspects find_suspects(const data::StepLoader& loader, const data::StepBatch& batch) {
  Suspects found{.broken = true};
  auto add_broken = [&](const std::string& of, const data::Dataset& dataset, const data::Batch& part) {
    const auto broken = ids_of(dataset, broken_samples(part, dataset.spec().padded));
    if (broken.empty()) return;
    found.text += fmt::format("{}values that are not finite in {}{}", found.text.empty() ? "" : "; ", of, listed(broken));
    for (const std::string& id : broken) found.samples.push_back(of + id);
  };
  add_broken("", loader.main().dataset(), batch);
  for (const auto& [name, part] : batch.further) add_broken(name + " ", loader.further().at(name)->dataset(), part);
  if (!found.samples.empty()) return found;
  const auto all = ids_of(loader.main().dataset(), batch.index);
  return {.broken = false, .samples = all, .text = "samples of the step: " + listed(all)};
}

// Joins the suspects of the ranks. If some samples are broken, only these are named.
Divergence join(std::vector<Suspects> ranks) {
  const bool broken = std::any_of(ranks.begin(), ranks.end(), [](const Suspects& rank) { return rank.broken; });
  Divergence all;
  size_t named = 0, left = 0;
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    const Suspects& found = ranks[rank];
    if (found.text.empty() || found.broken != broken) continue;
    all.step.samples.insert(all.step.samples.end(), found.samples.begin(), found.samples.end());
    if (++named > kMostNamed) {
      ++left;
    } else {
      all.where += ranks.size() == 1 ? found.text : fmt::format("{}rank {}: {}", all.where.empty() ? "" : "; ", rank, found.text);
    }
  }
  if (left > 0) all.where += fmt::format("; and {} more ranks", left);
  return all;
}

}  // namespace

// One sum over the ranks of 4 + 2 n values: the loss, whether it is not finite, whether a gradient is not, whether to stop, and
// the two times of each rank.
StepOutcome agree_on_step(distributed::Group& group, const at::Tensor& loss, const at::Tensor& not_finite, bool stop,
                          const Busy& busy) {
  constexpr int kFixed = 4;
  const distributed::InPhase phase(group.status(), distributed::Phase::exchange);
  const at::Tensor mine = at::stack({loss, not_finite}).cpu();
  const double value = mine.const_data_ptr<float>()[0];
  const bool finite = std::isfinite(value), gradients_finite = mine.const_data_ptr<float>()[1] == 0;
  if (group.size() == 1) return {value, finite, gradients_finite, stop, {busy}};
  std::vector<double> sums(kFixed + 2 * static_cast<size_t>(group.size()));
  sums[0] = value;
  sums[1] = finite ? 0 : 1;
  sums[2] = gradients_finite ? 0 : 1;
  sums[3] = stop ? 1 : 0;
  double* times = sums.data() + kFixed + 2 * group.rank();
  times[0] = busy.input_s;
  times[1] = busy.compute_s;
  const at::Tensor exchanged = at::tensor(sums, at::kDouble).to(group.device());
  group.all_reduce_sum(exchanged);
  const at::Tensor host = exchanged.cpu();
  const double* sum = host.const_data_ptr<double>();
  StepOutcome outcome{sum[0] / group.size(), sum[1] == 0, sum[2] == 0, sum[3] > 0, {}};
  for (int rank = 0; rank < group.size(); ++rank) outcome.busy.push_back({sum[kFixed + 2 * rank], sum[kFixed + 1 + 2 * rank]});
  return outcome;
}

Divergence find_divergence(distributed::Group& group, const StepOutcome& outcome, const data::StepLoader& loader,
                           const data::StepBatch& batch, const at::Tensor& loss, const NamedTensors& gradients) {
  const bool suspected = outcome.loss_finite || !std::isfinite(loss.item<double>());
  std::vector<Suspects> ranks;
  for (const std::string& text :
       group.all_gather(json_text(nlohmann::json(suspected ? find_suspects(loader, batch) : Suspects())))) {
    ranks.push_back(parse_json(text).get<Suspects>());
  }
  Divergence divergence = join(std::move(ranks));
  const auto gradient = outcome.loss_finite ? checkpoint::first_not_finite(gradients) : std::nullopt;
  divergence.step.reason = outcome.loss_finite ? fmt::format("the gradient of '{}' is not finite", gradient.value_or("a weight"))
                                               : "the loss is not finite";
  return divergence;
}

}  // namespace hpcai::trainer
