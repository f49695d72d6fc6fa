#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "hpcai/data/dataset.h"

namespace hpcai::data {

// What a data set holds, in few words: by it a run notices that it would go on with other data than it began with.
struct Fingerprint {
  int64_t samples = 0;
  std::string names;    // SHA-256 of the ids of all samples, in order
  std::string targets;  // of the truth of all samples, in order
  std::string content;  // of what the files hold of some samples, spread evenly over all; nothing of samples that are made

  bool operator==(const Fingerprint&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Fingerprint, samples, names, targets, content)

// Reads the content of at most 32 samples; all of `dataset` is in memory otherwise. Zeros and empty texts for no data set.
Fingerprint fingerprint(const Dataset* dataset);

// "16 samples then, 7 now" or "16 samples, whose labels have changed"; empty if the two are equal.
std::string describe_change(const Fingerprint& then, const Fingerprint& now);

}  // namespace hpcai::data
