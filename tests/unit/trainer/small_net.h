#pragma once

#include <cmath>
#include <span>
#include <string>

#include "hpcai/data/dataset.h"
#include "hpcai/models/initialise.h"
#include "hpcai/models/layers.h"
#include "hpcai/models/model.h"
#include "hpcai/optim/optimizer.h"

namespace hpcai::trainer {

inline constexpr int64_t kFeatures = 16;
inline constexpr int64_t kClasses = 4;

// Points on a lattice of irrational steps, in the classes of their first coordinate.
class Points : public data::Dataset {
 public:
  explicit Points(int64_t size) : Dataset({{1, kFeatures}, {"a", "b", "c", "d"}, {}}), size_(size) {}
  int64_t size() const override { return size_; }
  std::string id(int64_t index) const override { return std::to_string(index); }
  std::string where(int64_t index) const override { return id(index); }
  void read(int64_t index, const data::Draw*, float* out) const override {
    for (int64_t i = 0; i < kFeatures; ++i) out[i] = static_cast<float>(2 * place(index, i) - 1);
  }
  at::Tensor targets(std::span<const int64_t> index) const override {
    at::Tensor labels = at::empty({static_cast<int64_t>(index.size())}, at::kLong);
    auto* label = labels.data_ptr<int64_t>();
    for (const int64_t i : index) *label++ = static_cast<int64_t>(kClasses * place(i, 0));
    return labels;
  }

 private:
  static double place(int64_t index, int64_t i) {
    const double position = static_cast<double>(index + 1) * std::sqrt(2.0 + static_cast<double>(i));
    return position - std::floor(position);
  }

  int64_t size_;
};

// Two dense layers with a batch norm and dropout. With a frozen norm and no dropout its gradients do not depend on how a batch
// is split.
class SmallNet : public models::Model {
 public:
  explicit SmallNet(models::BatchNormMode mode = models::BatchNormMode::frozen, double dropout = 0) : dropout_(dropout) {
    first_ = register_module("first", std::make_shared<models::Dense>(kFeatures, 32));
    norm_ = register_module("norm", std::make_shared<models::BatchNorm>(32, mode, 1e-5, 0.1));
    last_ = register_module("last", std::make_shared<models::Dense>(32, kClasses));
    add_layer("first", {first_, norm_});
    add_layer("head", {last_});
    models::initialise_he_fan_out(*this, 1);
  }
  at::Tensor forward(const at::Tensor& input) override {
    const at::Tensor hidden = norm_->forward(first_->forward(input.flatten(1))).relu();
    return last_->forward(models::dropout(hidden, is_training() ? dropout_ : 0, randomness()));
  }

 private:
  double dropout_;
  std::shared_ptr<models::Dense> first_, last_;
  std::shared_ptr<models::BatchNorm> norm_;
};

inline optim::NamedTensors named_parameters(const models::Model& model) {
  optim::NamedTensors named;
  for (const auto& item : model.named_parameters()) named.emplace_back(item.key(), item.value());
  return named;
}

}  // namespace hpcai::trainer
