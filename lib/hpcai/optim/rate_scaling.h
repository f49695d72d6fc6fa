#pragma once

#include <cstdint>
#include <string_view>

#include "hpcai/config/field.h"

namespace hpcai::optim {

// How the learning rate depends on the global batch.
enum class RateRule { none, linear, square_root };
inline config::EnumNames<RateRule> enum_names(RateRule) {
  return {{RateRule::none, "none"}, {RateRule::linear, "linear"}, {RateRule::square_root, "square_root"}};
}

inline constexpr std::string_view kRateHelp =
    "Base learning rate, for a global batch of lr_base_batch if lr_scaling is set; the schedule multiplies it.";

// The keys of the rule, which every optimizer has. linear: Goyal et al. 2017 (arXiv:1706.02677), section 2.1. square_root:
// Krizhevsky 2014 (arXiv:1404.5997), section 5, and You et al. 2020 (arXiv:1904.00962) for LAMB.
struct RateScaling {
  RateRule rule = RateRule::none;
  int64_t base_batch = 256;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("lr_scaling", rule,
                  {.help = "Multiply lr by the global batch / lr_base_batch (linear) or by its root (square_root)."});
    visitor.field("lr_base_batch", base_batch,
                  {.help = "Global batch for which lr is stated; used by lr_scaling only.", .unit = "samples", .min = 1});
  }
};

}  // namespace hpcai::optim
