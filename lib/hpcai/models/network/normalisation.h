#pragma once

#include "hpcai/config/field.h"
#include "hpcai/models/config_common.h"
#include "hpcai/models/network/planner.h"

namespace hpcai::models::network {

inline constexpr std::string_view kEpsHelp = "Added to the variance.";

// models::BatchNorm; its mode is model.batch_norm. The defaults are PyTorch's; Keras has an eps of 0.001 and a momentum of 0.01.
struct BatchNormLayer {
  static constexpr std::string_view kType = "batch_norm";
  static constexpr std::string_view kHelp = "Normalises each channel over the batch; model.batch_norm says whose.";
  double eps = 1e-5;
  double momentum = 0.1;
  bool zero_gamma = false;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("eps", eps, {.help = kEpsHelp, .min = 0, .max = 1, .min_excluded = true});
    visitor.field("momentum", momentum,
                  {.help = "Weight of a new batch in the running statistics.", .min = 0, .max = 1, .min_excluded = true});
    visitor.field("zero_gamma", zero_gamma, {.help = "Start with a weight of 0, for the last norm of a residual block."});
  }
};

// torch.nn.LayerNorm over the channels, or features, of each step or pixel.
struct LayerNormLayer {
  static constexpr std::string_view kType = "layer_norm";
  static constexpr std::string_view kHelp = "Normalises the features of each sample, step or pixel (Ba et al. 2016).";
  double eps = 1e-5;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("eps", eps, {.help = kEpsHelp, .min = 0, .max = 1, .min_excluded = true});
  }
};

// torch.nn.GroupNorm.
struct GroupNormLayer {
  static constexpr std::string_view kType = "group_norm";
  static constexpr std::string_view kHelp = "Normalises groups of channels of each sample (Wu, He 2018).";
  static constexpr std::string_view kMainKey = "groups";
  int64_t groups = 1;
  double eps = 1e-5;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field(
        "groups", groups,
        {.help = "Groups of channels; as many as channels is the instance norm.", .min = 1, .max = kMostUnits, .required = true});
    visitor.field("eps", eps, {.help = kEpsHelp, .min = 0, .max = 1, .min_excluded = true});
  }
};

Plan plan(const BatchNormLayer& config, const Shape& input, Planner& planner);
Plan plan(const LayerNormLayer& config, const Shape& input, Planner& planner);
Plan plan(const GroupNormLayer& config, const Shape& input, Planner& planner);

}  // namespace hpcai::models::network
