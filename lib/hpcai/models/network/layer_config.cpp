#include "hpcai/models/network/layer_config.h"

#include <algorithm>
#include <type_traits>

namespace hpcai::models::network {

std::string kind_of(const LayerConfig& layer) {
  return std::visit([](const auto& config) { return std::string(config.kType); }, layer.kind());
}

bool has_batch_norm(const std::vector<LayerConfig>& layers) {
  return std::any_of(layers.begin(), layers.end(), [](const LayerConfig& layer) {
    return std::visit(
        [](const auto& config) {
      using Config = std::decay_t<decltype(config)>;
      if constexpr (std::is_same_v<Config, BatchNormLayer> || std::is_same_v<Config, GatedStackLayer>) return true;
      bool found = false;
      if constexpr (requires { config.layers; }) found = found || has_batch_norm(config.layers);
      if constexpr (requires { config.shortcut; }) found = found || has_batch_norm(config.shortcut);
      if constexpr (requires { config.branches; }) {
        found = found || std::any_of(config.branches.begin(), config.branches.end(), has_batch_norm);
      }
      return found;
        },
        layer.kind());
  });
}

}  // namespace hpcai::models::network
