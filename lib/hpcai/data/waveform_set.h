#pragma once

#include <cstdint>
#include <vector>

#include "hpcai/data/config.h"
#include "hpcai/simulate/waveform.h"

namespace hpcai::data {

bool is_empty(const WaveformSetConfig& config);

// The binaries of a set: the grid with spin2 varying fastest, `count` random points of (seed, stream), or a file's rows.
// `name` stands in messages ("data.train"). Throws Error{usage} for ranges that are missing, malformed or outside the
// waveform model's, and what read_binaries_csv throws.
std::vector<simulate::Binary> binaries(const WaveformSetConfig& config, uint64_t seed, uint64_t stream, const std::string& name);

}  // namespace hpcai::data
