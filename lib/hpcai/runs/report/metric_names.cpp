#include "hpcai/runs/report/metric_names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hpcai::runs::report {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 19> kKnown = {{
    {"accuracy", "accuracy"},
    {"f1", "F1"},
    {"overlap_median", "overlap median"},
    {"overlap_p05", "5 % below"},
    {"overlap_p01", "1 % below"},
    {"r2", "R2"},
    {"rmse_all", "RMSE"},
    {"mean_absolute_error_all", "MAE"},
    {"nll", "NLL"},
    {"ks_p_min", "smallest KS p-value"},
    {"relative_width", "width relative to the prior"},
    {"mean_average_precision", "mean average precision"},
    {"f1_macro", "mean F1"},
    {"auc_macro", "mean AUC"},
    {"early_warning_auc", "early warning AUC"},
    {"fraction_error", "error of vote fractions"},
    {"vote_accuracy", "accuracy of the most voted answer"},
    {"coverage_68", "within 1 sigma"},
    {"coverage_95", "within 95 %"},
}};

const auto* find(std::string_view key) {
  return std::ranges::find(kKnown, key, [](const auto& known) { return known.first; });
}

}  // namespace

std::string label_of(std::string_view key) {
  if (const auto* known = find(key); known != kKnown.end()) return std::string(known->second);
  if (const size_t dot = key.find('.'); dot != std::string_view::npos) {
    const std::string family = family_of(key);
    const bool has_whole = find(family + "_all") != kKnown.end();
    return label_of(has_whole ? family + "_all" : family) + " of " + std::string(key.substr(dot + 1));
  }
  std::string name(key);
  std::ranges::replace(name, '_', ' ');
  return name;
}

size_t importance_of(std::string_view key) {
  if (const auto* known = find(key); known != kKnown.end()) return static_cast<size_t>(known - kKnown.begin());
  return kKnown.size() + (key == "loss" ? 0 : 1);
}

std::string family_of(std::string_view key) {
  std::string_view name = key.substr(0, key.find('.'));
  for (const std::string_view ending : {"_each", "_all"}) {
    if (name.ends_with(ending)) name.remove_suffix(ending.size());
  }
  return std::string(name);
}

}  // namespace hpcai::runs::report
