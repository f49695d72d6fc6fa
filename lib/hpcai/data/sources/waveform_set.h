#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hpcai/config/field.h"
#include "hpcai/simulate/waveform.h"
#include "hpcai/simulate/waveform_parameters.h"

namespace hpcai::data {

// One split of simulated waveforms: every point of a grid, `count` random points of its box, or the rows of a file.
struct WaveformSetConfig {
  std::string mass_ratio;
  std::string spin1;
  std::string spin2;
  int64_t count = 0;
  std::string parameters;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("mass_ratio", mass_ratio, {.help = "Grid first:stop:step of the mass ratio q >= 1, stop exclusive."});
    visitor.field("spin1", spin1, {.help = "Grid first:stop:step of the heavier hole's spin, stop exclusive."});
    visitor.field("spin2", spin2, {.help = "Grid first:stop:step of the lighter hole's spin, stop exclusive."});
    visitor.field("count", count,
                  {.help = "Draw this many points uniformly between first and stop of the ranges; 0 = the grid.",
                   .min = 0,
                   .max = 1 << 28});
    visitor.field("parameters", parameters,
                  {.help = "CSV file with columns q,s1,s2, one waveform a row, instead of the three ranges."});
  }
};

struct Interval {
  double low, high;
};

// The interval between first and stop of a range whose text ParameterRange::parse has accepted.
Interval interval(const simulate::ParameterRange& range, const std::string& text);

bool is_empty(const WaveformSetConfig& config);

// The binaries of a set: the grid with spin2 varying fastest, `count` random points of (seed, stream), or a file's rows.
// `name` stands in messages ("data.train"). Throws Error{usage} for ranges that are missing, malformed or outside the
// waveform model's, and what read_binaries_csv throws.
std::vector<simulate::Binary> binaries(const WaveformSetConfig& config, uint64_t seed, uint64_t stream, const std::string& name);

}  // namespace hpcai::data
