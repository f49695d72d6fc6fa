#include "hpcai/data/strain/spectrum_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/tables/table_text.h"

namespace hpcai::data {
namespace {

constexpr const char* kTwoColumns =
    "The file has two columns, frequency in Hz and density; lines that start with # are comments.";

struct Row {
  double frequency_hz = 0, density = 0;
  int64_t line = 0;
};

struct Table {
  std::string name;
  std::vector<Row> rows;  // by rising frequency

  [[noreturn]] void refuse(int64_t line, const std::string& cause, const std::string& remedy = kTwoColumns) const {
    throw Error(ExitCode::bad_data, fmt::format("{}{}: {}", name, line > 0 ? fmt::format(":{}", line) : "", cause), remedy);
  }
};

// The first cell of a line, which it loses; cells are separated by blanks, commas or both.
std::string_view take_cell(std::string_view& line) {
  constexpr std::string_view kSeparators = " \t,;\r";
  line.remove_prefix(std::min(line.find_first_not_of(kSeparators), line.size()));
  const std::string_view cell = line.substr(0, line.find_first_of(kSeparators));
  line.remove_prefix(cell.size());
  return cell;
}

// A number as programs print it, infinity and NaN included.
std::optional<double> number_of(std::string_view cell) {
  if (cell.starts_with('+')) cell.remove_prefix(1);
  const std::string word = lower_case(cell);
  if (word == "inf" || word == "infinity") return std::numeric_limits<double>::infinity();
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  return parse_number<double>(cell);
}

Table read_table(const std::filesystem::path& path) {
  Table table{printable(path), {}};
  const std::string text = read_table_text(path);
  int64_t number = 0;
  bool first = true;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    const std::string_view trimmed = trim(line);
    if (trimmed.empty() || trimmed.starts_with('#') || trimmed.starts_with('%')) continue;
    const auto frequency = number_of(take_cell(line)), density = number_of(take_cell(line));
    const bool names = first && !frequency && !density;
    first = false;
    if (names) continue;
    if (!frequency || !density || !std::isfinite(*frequency) || !take_cell(line).empty()) {
      table.refuse(number, fmt::format("'{}' is not two numbers", printable(trimmed, 60)));
    }
    if (!table.rows.empty() && *frequency <= table.rows.back().frequency_hz) {
      table.refuse(number, fmt::format("the frequency {:g} Hz does not rise", *frequency));
    }
    if (*frequency < 0) table.refuse(number, fmt::format("the frequency {:g} Hz is negative", *frequency));
    table.rows.push_back({*frequency, *density, number});
  }
  if (table.rows.size() < 2) table.refuse(0, fmt::format("has {}, expected at least 2", plural(std::ssize(table.rows), "row")));
  return table;
}

void check_band(const Table& table, const SpectrumBand& band) {
  constexpr double kRounding = 1e-9;
  const double lowest = table.rows.front().frequency_hz, highest = table.rows.back().frequency_hz;
  if (lowest > band.low_hz * (1 + kRounding) || highest < band.high_hz * (1 - kRounding)) {
    table.refuse(
        0, fmt::format("covers {:g} to {:g} Hz, but {:g} to {:g} Hz are needed", lowest, highest, band.low_hz, band.high_hz),
        "Take a spectrum of more frequencies, or a narrower band.");
  }
}

// The rows that the densities of the band come from: those in it, and one on either side.
std::vector<Row> rows_of_band(const Table& table, const SpectrumBand& band) {
  auto first = std::ranges::upper_bound(table.rows, band.low_hz, {}, &Row::frequency_hz);
  auto last = std::ranges::lower_bound(table.rows, band.high_hz, {}, &Row::frequency_hz);
  if (first != table.rows.begin()) --first;
  if (last != table.rows.end()) ++last;
  return {first, last};
}

void check_kind(const Table& table, const std::vector<Row>& rows, SpectrumKind kind) {
  constexpr double kLeastAmplitude = 1e-25, kMostPower = 1e-30;
  std::vector<double> densities;
  for (const Row& row : rows) densities.push_back(row.density);
  const auto middle = densities.begin() + std::ssize(densities) / 2;
  std::nth_element(densities.begin(), middle, densities.end());
  if (kind == SpectrumKind::power && *middle > kMostPower) {
    table.refuse(0, fmt::format("the densities (median {:g}) look like amplitudes (1/sqrt(Hz)), not like powers (1/Hz)", *middle),
                 "Say that it is an amplitude spectral density, or square the values.");
  }
  if (kind == SpectrumKind::amplitude && *middle < kLeastAmplitude) {
    table.refuse(0, fmt::format("the densities (median {:g}) look like powers (1/Hz), not like amplitudes (1/sqrt(Hz))", *middle),
                 "Say that it is a power spectral density, or take the square root of the values.");
  }
}

// The power at a frequency, between the rows around it.
double power_at(const std::vector<Row>& rows, SpectrumKind kind, double frequency_hz) {
  const auto power = [&](const Row& row) { return kind == SpectrumKind::amplitude ? row.density * row.density : row.density; };
  const auto above = std::ranges::lower_bound(rows, frequency_hz, {}, &Row::frequency_hz);
  if (above == rows.begin()) return power(*above);
  if (above == rows.end()) return power(rows.back());
  const Row &high = *above, &low = *std::prev(above);
  const double part = (frequency_hz - low.frequency_hz) / (high.frequency_hz - low.frequency_hz);
  return std::lerp(power(low), power(high), part);
}

}  // namespace

simulate::Spectrum read_spectrum(const std::filesystem::path& path, SpectrumKind kind, const SpectrumBand& band) {
  const Table table = read_table(path);
  check_band(table, band);
  const std::vector<Row> rows = rows_of_band(table, band);
  for (const Row& row : rows) {
    if (!(row.density > 0) || !std::isfinite(row.density)) {
      table.refuse(row.line,
                   fmt::format("the density at {:g} Hz is {:g}, expected a positive number", row.frequency_hz, row.density),
                   "Choose a band without such frequencies, or make the spectrum again.");
    }
  }
  check_kind(table, rows, kind);
  simulate::Spectrum spectrum{band.step_hz, {}};
  const auto count = static_cast<int64_t>(std::floor(band.high_hz / band.step_hz + 1e-9)) + 1;
  for (int64_t k = 0; k < count; ++k) {
    const double frequency_hz = std::max(static_cast<double>(k) * band.step_hz, band.low_hz);
    spectrum.density.push_back(power_at(rows, kind, frequency_hz));
  }
  return spectrum;
}

}  // namespace hpcai::data
