#include "hpcai/data/tables/binaries_csv.h"

#include <fmt/format.h>

#include <array>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/tables/csv.h"
#include "hpcai/simulate/waveform_parameters.h"

namespace hpcai::data {
namespace {

double number_in(const Csv& csv, int64_t row, size_t column, std::string_view parameter) {
  const std::string& cell = csv.cell(row, column);
  std::string_view text = trim(cell);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const auto value = parse_number<double>(text);
  if (value) return *value;
  throw Error(ExitCode::bad_data, fmt::format("{}: {} = '{}' is not a number", csv.where(row), parameter, printable(cell, 40)),
              "Numbers have a decimal point, such as 0.25.");
}

}  // namespace

std::vector<simulate::Binary> read_binaries_csv(const std::filesystem::path& path) {
  const auto& parameters = simulate::kBinaryParameters;
  const Csv csv(path, {parameters.begin(), parameters.end()});
  std::array<size_t, 3> columns{};
  for (size_t i = 0; i < columns.size(); ++i) columns[i] = csv.column(std::string(parameters[i]));
  std::vector<simulate::Binary> binaries;
  for (int64_t row = 0; row < csv.rows(); ++row) {
    std::array<double, 3> values{};
    for (size_t i = 0; i < values.size(); ++i) values[i] = number_in(csv, row, columns[i], parameters[i]);
    const simulate::Binary binary{values[0], values[1], values[2]};
    try {
      check(binary);
    } catch (const Error& error) {
      throw Error(ExitCode::bad_data, fmt::format("{}: {}", csv.where(row), error.what()), error.remedy());
    }
    binaries.push_back(binary);
  }
  return binaries;
}

}  // namespace hpcai::data
