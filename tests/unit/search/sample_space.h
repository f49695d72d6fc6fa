#pragma once

#include <string>

#include "hpcai/config/config.h"
#include "hpcai/search/space.h"

namespace hpcai::search::test {

inline Space parse_space(const std::string& text) { return config::parse<Space>(text, "space.yaml"); }

// Two parameters; `more`: further lines of the file.
inline Space small_space(const std::string& more = "") {
  return parse_space(
      "parameters:\n"
      "  - {key: optimizer.lr, type: log_uniform, low: 1e-4, high: 1e-1, points: 4}\n"
      "  - {key: training.global_batch, type: power_of_two, low: 8, high: 64}\n" +
      more);
}

inline Space asha_space(const std::string& more = "") {
  return small_space("early_stop: {type: asha, minimum: 1, reduction: 2}\n" + more);
}

}  // namespace hpcai::search::test
