#include "hpcai/models/feature_network.h"

#include "hpcai/core/error.h"

namespace hpcai::models {
namespace {

constexpr const char* kNetworksWithFeatures =
    "The models xception and resnet50 have them, and so has a network whose last layer is `outputs` (for maps, of images).";

}  // namespace

FeatureNetwork& feature_network(Model& model, const std::string& purpose) {
  if (auto* network = dynamic_cast<FeatureNetwork*>(&model)) return *network;
  throw Error(ExitCode::usage, purpose + ": this model has no vector of features in front of its last layer",
              kNetworksWithFeatures);
}

MapNetwork& map_network(Model& model, const std::string& purpose) {
  if (auto* network = dynamic_cast<MapNetwork*>(&model)) return *network;
  throw Error(ExitCode::usage, purpose + ": this model has no maps of an image in front of its features", kNetworksWithFeatures);
}

}  // namespace hpcai::models
