#include "hpcai/inference/comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/core/weighted.h"
#include "hpcai/data/tables/csv.h"
#include "hpcai/data/tables/numeric_cell.h"
#include "hpcai/inference/posterior.h"
#include "hpcai/metrics/divergence.h"

namespace hpcai::inference {
namespace {

constexpr double kLargest = 1e100;  // squares and sums of larger numbers overflow

std::vector<double> column_of(const data::Csv& csv, const std::string& name, const std::vector<int64_t>& rows) {
  std::vector<double> values;
  const size_t column = csv.column(name);
  for (const int64_t row : rows)
    values.push_back(data::number_in(csv, row, column, kLargest, "A posterior is a table of numbers, one sample a line."));
  return values;
}

// The weights of all samples, with the largest 1; empty if the samples count alike.
std::vector<double> weights_of(const data::Csv& csv, const std::vector<int64_t>& rows) {
  for (const char* name : {"weight", "weights"}) {
    if (!csv.has_column(name)) continue;
    std::vector<double> weights = column_of(csv, name, rows);
    const auto [least, largest] = std::ranges::minmax(weights);
    if (least < 0 || largest == 0) {
      throw Error(ExitCode::bad_data, fmt::format("{}: the column '{}' has numbers below 0, or only zeros", csv.name(), name),
                  "Weights of samples are at least 0.");
    }
    for (double& weight : weights) weight /= largest;
    return weights;
  }
  return {};
}

bool varies(const std::vector<double>& values) { return std::ranges::adjacent_find(values, std::not_equal_to()) != values.end(); }

}  // namespace

ReferencePosterior read_reference(const std::filesystem::path& path, const std::vector<std::string>& parameters) {
  const data::Csv csv(path, parameters);
  std::vector<int64_t> rows(static_cast<size_t>(csv.rows()));
  std::iota(rows.begin(), rows.end(), int64_t{0});
  ReferencePosterior reference{csv.name(), {}, rows.empty() ? std::vector<double>() : weights_of(csv, rows)};
  if (!reference.weights.empty()) {
    std::erase_if(rows, [&](int64_t row) { return reference.weights[static_cast<size_t>(row)] == 0; });
    std::erase(reference.weights, 0);
  }
  for (const std::string& parameter : parameters) {
    if (!csv.has_column(parameter)) continue;
    std::vector<double> values = column_of(csv, parameter, rows);
    if (varies(values)) reference.columns.emplace(parameter, std::move(values));
  }
  if (!reference.columns.empty()) return reference;
  throw Error(ExitCode::bad_data, fmt::format("{}: no column varies and is a parameter of this posterior", csv.name()),
              fmt::format("Its columns are to be some of {}.", fmt::join(parameters, ", ")));
}

std::vector<Difference> differences(const data::PosteriorTable& table, const ReferencePosterior& reference) {
  const std::array<double, 1> half{0.5};
  std::vector<Difference> differences;
  for (const std::string& parameter : table.parameters) {
    const auto other = reference.columns.find(parameter);
    const std::vector<double> own = values_of(table, parameter);
    if (other == reference.columns.end() || !varies(own)) continue;
    try {
      differences.push_back({parameter, metrics::jensen_shannon_bits({own}, {other->second, reference.weights}),
                             weighted_quantiles(other->second, reference.weights, half).front()});
    } catch (const std::invalid_argument&) {
      throw Error(ExitCode::bad_data, fmt::format("{}: one sample of {} carries all the weight", reference.name, parameter),
                  "A comparison needs the samples of a whole posterior.");
    }
  }
  return differences;
}

}  // namespace hpcai::inference
