#pragma once

#include "hpcai/models/model.h"

namespace hpcai::models {

// A network whose last layer reads a vector of features. Losses between surveys, embeddings and neighbours use this vector.
class FeatureNetwork : public Model {
 public:
  // The vector that the last layer reads: [batch, ...] -> [batch, features]. Dropout in front of it acts as in forward().
  virtual at::Tensor features(const at::Tensor& input) = 0;
  // The last layer: [batch, features] -> [batch, outputs].
  virtual at::Tensor classify(const at::Tensor& features) = 0;

  virtual int64_t feature_count() const = 0;

  at::Tensor forward(const at::Tensor& input) final { return classify(features(input)); }
};

// A network of convolutions, whose features are computed from its last maps. Grad-CAM uses these maps.
class MapNetwork : public FeatureNetwork {
 public:
  // The last activations with places in the image: [batch, 3, height, width] -> [batch, channel, height', width'].
  virtual at::Tensor maps(const at::Tensor& input) = 0;
  // The layers between: maps [batch, channel, height', width'] -> [batch, features].
  virtual at::Tensor summarise(const at::Tensor& maps) = 0;

  // Whether summarise() reads nothing of the maps but their means over the places, so that it makes the same features of these
  // means [batch, channel, 1, 1]. Trainings with cached features need it.
  virtual bool reads_means_of_maps() const { return false; }

  at::Tensor features(const at::Tensor& input) final { return summarise(begins_at_maps_ ? input : maps(input)); }

 private:
  friend class BeginAtMaps;
  bool begins_at_maps_ = false;
};

// While it lives, features() and forward() of the network take maps for their input, which maps() has computed before.
class BeginAtMaps {
 public:
  // `network`: null does nothing.
  explicit BeginAtMaps(MapNetwork* network) : network_(network) { set(true); }
  ~BeginAtMaps() { set(false); }
  BeginAtMaps(const BeginAtMaps&) = delete;
  BeginAtMaps& operator=(const BeginAtMaps&) = delete;

 private:
  void set(bool begins) {
    if (network_ != nullptr) network_->begins_at_maps_ = begins;
  }
  MapNetwork* network_;
};

// The model as such a network. Throws Error{usage} that names `purpose`, such as "embed", if it is none.
FeatureNetwork& feature_network(Model& model, const std::string& purpose);
MapNetwork& map_network(Model& model, const std::string& purpose);

}  // namespace hpcai::models
