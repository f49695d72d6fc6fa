#include "hpcai/metrics/classified.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "hpcai/data/class_targets.h"
#include "hpcai/data/dataset.h"

namespace hpcai::metrics {

std::span<const double> Classified::row(int64_t sample) const {
  return std::span(probability).subspan(static_cast<size_t>(sample * classes), static_cast<size_t>(classes));
}

int64_t Classified::predicted(int64_t sample) const {
  const auto values = row(sample);
  return std::ranges::max_element(values) - values.begin();
}

double Classified::certainty(int64_t sample) const { return std::ranges::max(row(sample)); }

Classified classified(const at::Tensor& probability, const at::Tensor& target, std::vector<int64_t>* rows) {
  Classified all;
  if (!probability.defined()) return all;
  all.classes = probability.size(1);
  if (!target.defined()) return all;
  const at::Tensor values = probability.to(at::kCPU, at::kDouble).contiguous(),
                   truth = data::class_labels(target).to(at::kCPU, at::kLong).contiguous();
  const double* value = values.const_data_ptr<double>();
  for (int64_t i = 0; i < truth.size(0); ++i, value += all.classes) {
    const int64_t label = truth.const_data_ptr<int64_t>()[i];
    if (label == data::kUnlabelled) continue;
    if (label < 0 || label >= all.classes) throw std::invalid_argument("classified: a class that there is not");
    all.truth.push_back(label);
    all.probability.insert(all.probability.end(), value, value + all.classes);
    if (rows != nullptr) rows->push_back(i);
  }
  return all;
}

std::vector<int64_t> most_certain_first(const Classified& all) {
  std::vector<double> certainty, doubt;
  for (int64_t i = 0; i < all.samples(); ++i) {
    const int64_t predicted = all.predicted(i);
    const auto row = all.row(i);
    certainty.push_back(row[static_cast<size_t>(predicted)]);
    double others = 0;
    for (int64_t c = 0; c < all.classes; ++c) others += c == predicted ? 0 : row[static_cast<size_t>(c)];
    doubt.push_back(others);
  }
  std::vector<int64_t> order(all.truth.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::ranges::stable_sort(order, [&](int64_t a, int64_t b) {
    const auto i = static_cast<size_t>(a), j = static_cast<size_t>(b);
    return certainty[i] != certainty[j] ? certainty[i] > certainty[j] : doubt[i] < doubt[j];
  });
  return order;
}

std::vector<Kept> keep_most_certain(const Classified& all, std::span<const int64_t> counts) {
  const std::vector<int64_t> order = most_certain_first(all);
  std::vector<int64_t> right(order.size() + 1, 0);  // of the first ones
  for (size_t i = 0; i < order.size(); ++i) right[i + 1] = right[i] + (all.right(order[i]) ? 1 : 0);
  std::vector<Kept> kept;
  for (const int64_t count : counts) {
    if (count < 1 || count > all.samples()) throw std::invalid_argument("keep_most_certain: count");
    kept.push_back({count, right[static_cast<size_t>(count)], all.certainty(order[static_cast<size_t>(count - 1)])});
  }
  return kept;
}

}  // namespace hpcai::metrics
