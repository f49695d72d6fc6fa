#include "subset_table.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/text.h"
#include "hpcai/data/sample_column.h"

namespace hpcai::app {

namespace {

// The rows of predictions for the samples of a subset; a sequence may have several.
std::vector<int64_t> rows_of_subset(const metrics::Subset& subset, const std::vector<int64_t>& index) {
  std::vector<int64_t> rows;
  for (const int64_t sample : subset.rows) {
    const auto [begin, end] = std::equal_range(index.begin(), index.end(), sample);
    for (auto row = begin; row != end; ++row) rows.push_back(row - index.begin());
  }
  return rows;
}

// What the table shows of a task: the key of a number, its title, and the key of the other end if it is an interval.
struct ShownColumn {
  std::string key, title, to = {};
};

std::vector<ShownColumn> shown_columns(const tasks::Task& task) {
  if (task.predicts_probabilities()) {
    return {{"accuracy", "accuracy"}, {"accuracy_low", "95 % interval", "accuracy_high"}, {"roc_auc", "AUC"}};
  }
  std::vector<ShownColumn> columns;
  for (const tasks::Metric& metric : task.metrics()) {
    if (metric != tasks::kLoss) columns.push_back({std::string(metric.name), std::string(metric.label)});
  }
  return columns;
}

std::string subset_number(const nlohmann::json& values, const std::string& key) {
  const auto value = values.find(key);
  return value != values.end() && value->is_number() ? fmt::format("{:.4f}", value->get<double>()) : std::string("-");
}

}  // namespace

std::vector<metrics::Subset> subsets_by(const std::string& column, const TrainedOptions& options, const Trained& trained) {
  const data::SampleTable table = data::sample_table(trained.experiment.data, split_named(options.split), options.input);
  return metrics::subsets_of(data::sample_column(table, column, *trained.dataset), column);
}

nlohmann::json measure_subsets(const Trained& trained, const metrics::Predictions::Gathered& all, const std::string& column,
                               const std::vector<metrics::Subset>& subsets) {
  nlohmann::json list = nlohmann::json::array();
  for (const metrics::Subset& subset : subsets) {
    const std::vector<int64_t> chosen = rows_of_subset(subset, all.index);
    const at::Tensor rows = at::tensor(chosen, at::kLong);
    metrics::Predictions::Gathered part;
    for (const int64_t row : chosen) part.index.push_back(all.index[static_cast<size_t>(row)]);
    part.prediction = all.prediction.index_select(0, rows);
    part.target = all.target.index_select(0, rows);
    nlohmann::json quality = trained.task->measure(trained.dataset->spec(), part);
    if (!quality.contains("samples")) quality["samples"] = subset.rows.size();
    quality["value"] = subset.value;
    list.push_back(quality);
  }
  return {{"column", column}, {"subsets", list}};
}

std::string subset_table(const nlohmann::json& by, const tasks::Task& task) {
  const std::vector<ShownColumn> columns = shown_columns(task);
  std::vector<std::vector<std::string>> rows = {{printable(by.at("column").get<std::string>(), 40), "samples"}};
  for (const ShownColumn& column : columns) rows[0].push_back(column.title);
  for (const nlohmann::json& subset : by.at("subsets")) {
    auto& row = rows.emplace_back();
    row.push_back(printable(subset.at("value").get<std::string>(), 40));
    row.push_back(std::to_string(subset.at("samples").get<int64_t>()));
    for (const ShownColumn& column : columns) {
      const std::string text = subset_number(subset, column.key);
      row.push_back(column.to.empty() ? text : text + " to " + subset_number(subset, column.to));
    }
  }
  std::vector<size_t> widths(rows[0].size(), 6);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string table;
  for (const auto& row : rows) {
    std::string line = fmt::format("  {:<{}}", row[0], widths[0]);
    for (size_t i = 1; i < row.size(); ++i) line += fmt::format("  {:>{}}", row[i], widths[i]);
    table += line + "\n";
  }
  return table;
}

}  // namespace hpcai::app
