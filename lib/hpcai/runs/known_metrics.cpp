#include "hpcai/runs/known_metrics.h"

#include <algorithm>
#include <array>

namespace hpcai::runs {
namespace {

struct Known {
  std::string_view name;
  bool higher_is_better;
};

// In the order in which main_metric() prefers them.
constexpr std::array kKnown = {Known{"accuracy", true},
                               Known{"overlap_median", true},
                               Known{"r2", true},
                               Known{"mean_average_precision", true},
                               Known{"vote_accuracy", true},
                               Known{"ks_p_min", true},
                               Known{"loss", false},
                               Known{"overlap_p05", true},
                               Known{"overlap_p01", true},
                               Known{"f1", true},
                               Known{"f1_macro", true},
                               Known{"auc_macro", true},
                               Known{"early_warning_auc", true},
                               Known{"roc_auc", true},
                               Known{"rmse_all", false},
                               Known{"mean_absolute_error_all", false},
                               Known{"nll", false},
                               Known{"log_loss", false},
                               Known{"ece", false},
                               Known{"coverage_68", true},
                               Known{"coverage_95", true},
                               Known{"fraction_error", false},
                               Known{"relative_width", false},
                               Known{"samples_per_second", true},
                               Known{"time_s", false}};

}  // namespace

std::optional<bool> is_higher_better(std::string_view key) {
  const std::string_view name = key.substr(key.rfind('.') + 1);
  const auto found = std::ranges::find(kKnown, name, &Known::name);
  return found == kKnown.end() ? std::nullopt : std::make_optional(found->higher_is_better);
}

std::string main_metric(const nlohmann::json& evaluation) {
  if (!evaluation.is_object()) return "";
  for (const Known& known : kKnown) {
    const auto found = evaluation.find(known.name);
    if (found != evaluation.end() && found->is_number()) return std::string(known.name);
  }
  return "";
}

}  // namespace hpcai::runs
