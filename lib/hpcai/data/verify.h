#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "hpcai/data/config.h"
#include "hpcai/data/dataset.h"
#include "hpcai/data/progress.h"

// What `check` finds out by reading all data.
namespace hpcai::data {

// Samples that share a fault: how many, and the first few in words.
struct Findings {
  int64_t count = 0;
  std::vector<std::string> first;
};

struct Verification {
  Findings unusable;        // cannot be read, decoded, or hold values that are not finite: what was thrown
  bool all_missing = true;  // whether all of these are Error{missing_input}
  Findings constant;        // each channel has one value throughout: where they are; never of samples [value]
  Findings incomplete;      // some values are missing in the file: where, and how many
};

// Sees the input [input_size()] of a sample that could be read. It is called by several threads.
using SeeSample = std::function<void(int64_t index, const std::vector<float>& input)>;

// Reads every sample, on `threads` threads (0 = all cores), and never stops at a fault. `progress` hears of each sample.
Verification verify(const Dataset& data, int threads, const Progress& progress, const SeeSample& see = {});

// Class names in label order and how many samples have each; empty for a regression and for data without labels.
std::vector<std::pair<std::string, int64_t>> class_counts(const Dataset& data);

// Whether samples lie in files; others are made when they are needed and have nothing to verify.
bool is_stored(const DataConfig& config);

// So that reading all samples once does not fill the memory.
void disable_cache(DataConfig& config);

}  // namespace hpcai::data
