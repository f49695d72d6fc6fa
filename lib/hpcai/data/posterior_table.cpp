#include "hpcai/data/posterior_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <stdexcept>

#include "hpcai/core/version.h"

namespace hpcai::data {
namespace {

void check(const PosteriorTable& table) {
  const size_t width = table.parameters.size();
  if (width == 0 || table.samples.empty() || table.samples.size() % width != 0 || table.prior_samples.size() % width != 0) {
    throw std::invalid_argument("PosteriorTable: samples and parameters do not agree");
  }
  for (const auto& column : table.columns) {
    if (column.values.size() * width != table.samples.size()) {
      throw std::invalid_argument("PosteriorTable: a column is not complete");
    }
  }
}

// Of the parameters and the further columns.
std::vector<std::string> all_names(const PosteriorTable& table) {
  std::vector<std::string> names = table.parameters;
  for (const auto& column : table.columns) names.push_back(column.name);
  std::vector<std::string> sorted = names;
  std::ranges::sort(sorted);
  const bool unique = std::ranges::adjacent_find(sorted) == sorted.end();
  const auto readable = [](const std::string& name) {
    return name.find_first_of(",\"\r\n") == std::string::npos && !name.empty();
  };
  if (!unique || !std::ranges::all_of(names, readable)) {
    throw std::invalid_argument("PosteriorTable: names are empty, hold separators or repeat");
  }
  return names;
}

// Numbers of one sample, in the order of all_names().
std::vector<double> row_of(const PosteriorTable& table, size_t sample) {
  const auto parameters = std::span(table.samples).subspan(sample * table.parameters.size(), table.parameters.size());
  std::vector<double> row(parameters.begin(), parameters.end());
  for (const auto& column : table.columns) row.push_back(column.values[sample]);
  return row;
}

size_t samples_of(const PosteriorTable& table) { return table.samples.size() / table.parameters.size(); }

}  // namespace

std::string posterior_csv(const PosteriorTable& table) {
  check(table);
  std::string text = fmt::format("{}\n", fmt::join(all_names(table), ","));
  for (size_t sample = 0; sample < samples_of(table); ++sample) {
    fmt::format_to(std::back_inserter(text), "{}\n", fmt::join(row_of(table, sample), ","));
  }
  return text;
}

void write_posterior_hdf5(const std::filesystem::path& path, const PosteriorTable& table) {
  check(table);
  const size_t width = table.parameters.size(), priors = table.prior_samples.size() / width;
  const auto compound = [](const std::string& name, size_t rows, const std::vector<std::string>& members) {
    return NewArray{.name = name, .shape = {static_cast<int64_t>(rows)}, .type = ElementType::float64, .members = members};
  };
  std::vector<NewArray> arrays = {compound("posterior_samples", samples_of(table), all_names(table))};
  if (priors > 0) arrays.push_back(compound("prior_samples", priors, table.parameters));
  std::vector<NamedAttribute> attributes = {{"generator", "hpcai-train"}, {"version", std::string(kVersion)}};
  attributes.insert(attributes.end(), table.metadata.begin(), table.metadata.end());
  Hdf5Writer writer(path, arrays, attributes);
  for (size_t sample = 0; sample < samples_of(table); ++sample) {
    writer.write_row(0, static_cast<int64_t>(sample), row_of(table, sample).data());
  }
  for (size_t sample = 0; sample < priors; ++sample) {
    writer.write_row(1, static_cast<int64_t>(sample), table.prior_samples.data() + sample * width);
  }
  writer.finish();
}

}  // namespace hpcai::data
