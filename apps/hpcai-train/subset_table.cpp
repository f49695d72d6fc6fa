#include "subset_table.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/text.h"
#include "hpcai/data/sample_column.h"

namespace hpcai::app {

std::vector<metrics::Subset> subsets_by(const std::string& column, const TrainedOptions& options, const Trained& trained) {
  const data::SampleTable table = data::sample_table(trained.experiment.data, options.input);
  return metrics::subsets_of(data::sample_column(table, column, *trained.dataset), column);
}

nlohmann::json measure_subsets(const Trained& trained, const metrics::Predictions::Gathered& all, const std::string& column,
                               const std::vector<metrics::Subset>& subsets) {
  nlohmann::json list = nlohmann::json::array();
  for (const metrics::Subset& subset : subsets) {
    const at::Tensor rows = at::tensor(subset.rows, at::kLong);
    metrics::Predictions::Gathered part;
    for (const int64_t row : subset.rows) part.index.push_back(all.index[static_cast<size_t>(row)]);
    part.prediction = all.prediction.index_select(0, rows);
    part.target = all.target.index_select(0, rows);
    nlohmann::json quality = trained.task->measure(trained.dataset->spec(), part);
    quality["value"] = subset.value;
    list.push_back(quality);
  }
  return {{"column", column}, {"subsets", list}};
}

std::string subset_table(const nlohmann::json& by) {
  std::vector<std::vector<std::string>> rows = {
      {printable(by.at("column").get<std::string>(), 40), "samples", "accuracy", "95 % interval", "AUC"}};
  const auto text = [](const nlohmann::json& value) {
    return value.is_number() ? fmt::format("{:.4f}", value.get<double>()) : std::string("-");
  };
  for (const nlohmann::json& subset : by.at("subsets")) {
    rows.push_back({printable(subset.at("value").get<std::string>(), 40), std::to_string(subset.at("samples").get<int64_t>()),
                    text(subset.at("accuracy")), text(subset.at("accuracy_low")) + " to " + text(subset.at("accuracy_high")),
                    text(subset.at("roc_auc"))});
  }
  std::string table;
  size_t widest = 0;
  for (const auto& row : rows) widest = std::max(widest, row[0].size());
  for (const auto& row : rows) {
    table += fmt::format("  {:<{}}  {:>8}  {:>8}  {:>16}  {:>6}\n", row[0], widest, row[1], row[2], row[3], row[4]);
  }
  return table;
}

}  // namespace hpcai::app
