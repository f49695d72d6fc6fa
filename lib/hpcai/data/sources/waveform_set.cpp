#include "hpcai/data/sources/waveform_set.h"

#include <fmt/format.h>

#include <cstdlib>

#include "hpcai/core/error.h"
#include "hpcai/core/random.h"
#include "hpcai/data/tables/binaries_csv.h"
#include "hpcai/simulate/waveform_parameters.h"

namespace hpcai::data {
namespace {

using simulate::Binary;
using simulate::ParameterGrid;
using simulate::ParameterRange;

std::vector<Binary> random_points(const WaveformSetConfig& config, const ParameterGrid& grid, uint64_t seed, uint64_t stream) {
  const Interval q = interval(grid.mass_ratio, config.mass_ratio);
  const Interval s1 = interval(grid.spin1, config.spin1), s2 = interval(grid.spin2, config.spin2);
  std::vector<Binary> points;
  for (int64_t i = 0; i < config.count; ++i) {
    Random random(seed, stream, static_cast<uint64_t>(i), Purpose::simulate);
    Binary point{random.uniform(q.low, q.high), random.uniform(s1.low, s1.high), random.uniform(s2.low, s2.high)};
    simulate::check(point);
    points.push_back(point);
  }
  return points;
}

}  // namespace

Interval interval(const ParameterRange& range, const std::string& text) {
  const size_t colon = text.find(':');
  return {range.first, colon == std::string::npos ? range.first : std::strtod(text.c_str() + colon + 1, nullptr)};
}

bool is_empty(const WaveformSetConfig& config) {
  return config.parameters.empty() && config.mass_ratio.empty() && config.spin1.empty() && config.spin2.empty();
}

std::vector<Binary> binaries(const WaveformSetConfig& config, uint64_t seed, uint64_t stream, const std::string& name) {
  const bool any_range = !config.mass_ratio.empty() || !config.spin1.empty() || !config.spin2.empty();
  if (!config.parameters.empty()) {
    if (any_range || config.count > 0) {
      throw Error(ExitCode::usage, name + ": parameters stands beside ranges or a count",
                  "Give either a file of parameters or the ranges.");
    }
    std::vector<Binary> rows = read_binaries_csv(config.parameters);
    if (rows.empty()) throw Error(ExitCode::bad_data, config.parameters + ": has no rows", "List one binary in each row.");
    return rows;
  }
  if (config.mass_ratio.empty() || config.spin1.empty() || config.spin2.empty()) {
    throw Error(ExitCode::usage, name + ": needs mass_ratio, spin1 and spin2, or parameters",
                "A range is first:stop:step, for example mass_ratio: \"1:8:0.08\".");
  }
  const ParameterGrid grid{ParameterRange::parse(name + ".mass_ratio", config.mass_ratio),
                           ParameterRange::parse(name + ".spin1", config.spin1),
                           ParameterRange::parse(name + ".spin2", config.spin2)};
  simulate::check(grid);
  if (config.count > 0) return random_points(config, grid, seed, stream);
  constexpr int64_t kMostBinaries = int64_t{1} << 28;
  if (grid.size() > kMostBinaries) {
    throw Error(ExitCode::usage, fmt::format("{}: the grid has {} points, more than {}", name, grid.size(), kMostBinaries));
  }
  std::vector<Binary> points(static_cast<size_t>(grid.size()));
  for (int64_t i = 0; i < grid.size(); ++i) points[static_cast<size_t>(i)] = grid.binary(i);
  return points;
}

}  // namespace hpcai::data
