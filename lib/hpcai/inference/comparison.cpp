#include "hpcai/inference/comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/core/weighted.h"
#include "hpcai/data/tables/csv.h"
#include "hpcai/inference/posterior.h"
#include "hpcai/metrics/divergence.h"

namespace hpcai::inference {
namespace {

double number_at(const data::Csv& csv, int64_t row, size_t column) {
  const std::string& cell = csv.cell(row, column);
  if (const auto value = parse_number<double>(trim(cell)); value && std::isfinite(*value)) return *value;
  throw Error(
      ExitCode::bad_data,
      fmt::format("{}: {} = '{}' is not a finite number", csv.where(row), printable(csv.columns()[column]), printable(cell, 40)),
      "A posterior is a table of numbers, one sample a line.");
}

std::vector<double> column_of(const data::Csv& csv, const std::string& name) {
  std::vector<double> values;
  const size_t column = csv.column(name);
  for (int64_t row = 0; row < csv.rows(); ++row) values.push_back(number_at(csv, row, column));
  return values;
}

// Empty if the samples count alike.
std::vector<double> weights_of(const data::Csv& csv) {
  for (const char* name : {"weight", "weights"}) {
    if (!csv.has_column(name)) continue;
    std::vector<double> weights = column_of(csv, name);
    if (std::ranges::min(weights) >= 0 && std::accumulate(weights.begin(), weights.end(), 0.0) > 0) return weights;
    throw Error(ExitCode::bad_data, fmt::format("{}: the column '{}' has numbers below 0, or only zeros", csv.name(), name),
                "Weights of samples are at least 0.");
  }
  return {};
}

bool varies(const std::vector<double>& values) { return std::ranges::adjacent_find(values, std::not_equal_to()) != values.end(); }

}  // namespace

std::vector<Difference> differences(const data::PosteriorTable& table, const std::filesystem::path& reference) {
  const data::Csv csv(reference, table.parameters);
  const std::vector<double> weights = csv.rows() > 0 ? weights_of(csv) : std::vector<double>();
  const std::array<double, 1> half{0.5};
  std::vector<Difference> differences;
  for (const std::string& parameter : table.parameters) {
    if (csv.rows() < 2 || !csv.has_column(parameter)) continue;
    const std::vector<double> own = values_of(table, parameter), other = column_of(csv, parameter);
    if (!varies(own) || !varies(other)) continue;
    differences.push_back(
        {parameter, metrics::jensen_shannon_bits({own}, {other, weights}), weighted_quantiles(other, weights, half).front()});
  }
  if (differences.empty()) {
    throw Error(ExitCode::bad_data, fmt::format("{}: no column varies and is a parameter of this posterior", csv.name()),
                fmt::format("Its columns are to be some of {}.", fmt::join(table.parameters, ", ")));
  }
  return differences;
}

}  // namespace hpcai::inference
