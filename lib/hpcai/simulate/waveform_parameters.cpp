#include "hpcai/simulate/waveform_parameters.h"

#include <cmath>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::simulate {

namespace {

constexpr double kMostValues = 1e6;
constexpr double kRounding = 1e-6;  // of a step

// Splits the text at `separator` and removes blanks around the parts.
std::vector<std::string_view> cells(std::string_view text, char separator) {
  std::vector<std::string_view> parts = split(text, separator);
  for (std::string_view& part : parts) part = trim(part);
  return parts;
}

std::optional<double> number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return parse_number<double>(text);
}

}  // namespace

ParameterRange ParameterRange::parse(const std::string& name, const std::string& text) {
  const auto fail = [&](const std::string& reason) {
    throw Error(ExitCode::usage, fmt::format("{}: '{}' {}", name, text, reason),
                "write first:stop:step, for example 1:8:0.08 (stop is not included), or a single number");
  };
  const std::vector<std::string_view> parts = cells(text, ':');
  std::vector<double> values;
  for (const std::string_view part : parts) {
    const std::optional<double> value = number(part);
    if (!value) fail(fmt::format("has '{}' where a number should be", part));
    values.push_back(*value);
  }
  if (values.size() == 1) return {values[0], 0, 1};
  if (values.size() != 3) fail("is not a range");
  const double first = values[0], stop = values[1], step = values[2];
  if (step <= 0) fail("has a step that is not positive");
  if (stop <= first) fail("is empty: stop must be larger than first");
  const double count = (stop - first) / step;
  if (count > kMostValues) fail("has more than a million values");
  return {first, step, std::max(int64_t{1}, static_cast<int64_t>(std::ceil(count - kRounding)))};
}

std::string to_string(const ParameterRange& range) {
  if (range.size == 1) return fmt::format("{:.12g}", range.first);
  return fmt::format("{:.12g}:{:.12g}:{:.12g}", range.first, range.value(range.size), range.step);
}

Binary ParameterGrid::binary(int64_t index) const {
  const int64_t row = index / spin2.size;
  return {mass_ratio.value(row / spin1.size), spin1.value(row % spin1.size), spin2.value(index % spin2.size)};
}

void check(const ParameterGrid& grid) {
  check(grid.binary(0));
  check(grid.binary(grid.size() - 1));
}

}  // namespace hpcai::simulate
