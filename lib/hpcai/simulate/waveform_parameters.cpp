#include "hpcai/simulate/waveform_parameters.h"

#include <array>
#include <cmath>
#include <optional>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/text.h"

namespace hpcai::simulate {

namespace {

constexpr double kMostValues = 1e6;
constexpr double kRounding = 1e-6;  // of a step

// The parts without the blanks around them.
std::vector<std::string_view> cells(std::string_view text, char separator) {
  std::vector<std::string_view> parts = split(text, separator);
  for (std::string_view& part : parts) part = trim(part);
  return parts;
}

std::optional<double> number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  return parse_number<double>(text);
}

// Reads the rows of one CSV file; knows where it is, for messages.
class BinaryTable {
 public:
  explicit BinaryTable(std::string name) : name_(std::move(name)) {}

  std::vector<Binary> read(const std::string& content) {
    std::istringstream lines(content);
    std::vector<Binary> binaries;
    for (std::string text; std::getline(lines, text);) {
      ++line_;
      const std::string_view row = trim(text);
      if (row.empty() || row.starts_with('#')) continue;
      const std::vector<std::string_view> fields = cells(row, ',');
      if (columns_ == 0) {
        read_header(fields);
      } else {
        binaries.push_back(read_row(fields));
      }
    }
    if (columns_ == 0) fail("has no header", kHeaderRemedy);
    return binaries;
  }

 private:
  static constexpr const char* kHeaderRemedy = "the first line names the columns, among them q, s1 and s2";

  [[noreturn]] void fail(const std::string& reason, const std::string& remedy) const {
    throw Error(ExitCode::bad_data, fmt::format("{}:{}: {}", name_, line_, reason), remedy);
  }

  void read_header(const std::vector<std::string_view>& fields) {
    columns_ = fields.size();
    for (size_t i = 0; i < kBinaryParameters.size(); ++i) {
      std::optional<size_t> found;
      for (size_t column = 0; column < columns_; ++column) {
        if (fields[column] != kBinaryParameters[i]) continue;
        if (found) fail(fmt::format("column '{}' stands twice in the header", kBinaryParameters[i]), kHeaderRemedy);
        found = column;
      }
      if (!found) fail(fmt::format("the header has no column '{}'", kBinaryParameters[i]), kHeaderRemedy);
      column_[i] = *found;
    }
  }

  Binary read_row(const std::vector<std::string_view>& fields) const {
    if (fields.size() != columns_) {
      fail(fmt::format("{} fields, but the header has {}", fields.size(), columns_), "each line has one field for each column");
    }
    std::array<double, 3> values{};
    for (size_t i = 0; i < values.size(); ++i) {
      const std::optional<double> value = number(fields[column_[i]]);
      if (!value) fail(fmt::format("{} = '{}' is not a number", kBinaryParameters[i], fields[column_[i]]), "");
      values[i] = *value;
    }
    const Binary binary{values[0], values[1], values[2]};
    try {
      check(binary);
    } catch (const Error& error) {
      fail(error.what(), error.remedy());
    }
    return binary;
  }

  std::string name_;
  int64_t line_ = 0;
  size_t columns_ = 0;
  std::array<size_t, 3> column_{};
};

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

std::vector<Binary> read_binaries_csv(const std::filesystem::path& path) {
  return BinaryTable(path.string()).read(read_file(path));
}

}  // namespace hpcai::simulate
