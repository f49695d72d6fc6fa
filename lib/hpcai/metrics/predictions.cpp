#include "hpcai/metrics/predictions.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "hpcai/core/json.h"

namespace hpcai::metrics {
namespace {

// Returns the rows of all ranks, [sample, ...]; undefined if no rank has any. A rank without rows gets the shape of a row from
// the other ranks.
at::Tensor gather_rows(distributed::Group& group, const std::vector<at::Tensor>& batches) {
  at::Tensor mine = batches.empty() ? at::Tensor() : at::cat(batches).to(group.device());
  const nlohmann::json own =
      mine.defined() ? nlohmann::json{{"shape", mine.sizes().slice(1).vec()}, {"type", static_cast<int>(mine.scalar_type())}}
                     : nlohmann::json();
  nlohmann::json row;
  for (const std::string& text : group.all_gather(json_text(own))) {
    const auto other = parse_json(text);
    if (row.is_null()) row = other;
    if (!other.is_null() && other != row)
      throw std::logic_error("ranks hold predictions of different shapes: " + json_text(other) + " and " + json_text(row));
  }
  if (row.is_null()) return {};
  if (!mine.defined()) {
    auto shape = row.at("shape").get<std::vector<int64_t>>();
    shape.insert(shape.begin(), 0);
    mine = at::empty(shape, at::TensorOptions(group.device()).dtype(static_cast<at::ScalarType>(row.at("type").get<int>())));
  }
  return at::cat(group.all_gather(mine)).cpu();
}

}  // namespace

void make_steps_rows(Predictions::Gathered& all) {
  if (!all.prediction.defined()) return;
  const at::Tensor is_step = all.prediction.select(2, 0).isnan().logical_not();  // [sample, time]
  const at::Tensor rows = is_step.flatten().nonzero().squeeze(1), steps = is_step.sum(1);
  all.prediction = all.prediction.flatten(0, 1).index_select(0, rows);
  if (all.target.defined()) all.target = all.target.flatten(0, 1).index_select(0, rows);
  std::vector<int64_t> index;
  for (size_t i = 0; i < all.index.size(); ++i) {
    index.insert(index.end(), static_cast<size_t>(steps[static_cast<int64_t>(i)].item<int64_t>()), all.index[i]);
  }
  all.index = std::move(index);
}

std::vector<int64_t> rows_of_samples(const std::vector<int64_t>& index) {
  std::vector<int64_t> numbers;
  for (size_t row = 0; row < index.size(); ++row) {
    numbers.push_back(row > 0 && index[row - 1] == index[row] ? numbers.back() + 1 : 0);
  }
  return numbers;
}

void Predictions::add(const at::Tensor& prediction, const at::Tensor& target, const std::vector<int64_t>& index) {
  if (prediction.size(0) != static_cast<int64_t>(index.size()))
    throw std::invalid_argument("one index for each prediction is needed");
  prediction_.push_back(prediction.detach());
  if (target.defined()) target_.push_back(target.detach());
  index_.insert(index_.end(), index.begin(), index.end());
}

Predictions::Gathered Predictions::gather(distributed::Group& group) const {
  c10::NoGradGuard no_grad;
  Gathered all;
  const auto own = at::tensor(index_, at::kLong).to(group.device());
  const at::Tensor index = at::cat(group.all_gather(own)).cpu();
  const at::Tensor order = index.argsort();
  const at::Tensor sorted = index.index_select(0, order);
  all.index.assign(sorted.const_data_ptr<int64_t>(), sorted.const_data_ptr<int64_t>() + sorted.numel());
  const at::Tensor prediction = gather_rows(group, prediction_);
  const at::Tensor target = gather_rows(group, target_);
  if (prediction.defined()) all.prediction = prediction.index_select(0, order);
  if (target.defined()) all.target = target.index_select(0, order);
  return all;
}

}  // namespace hpcai::metrics
