#include "hpcai/models/import/keras_xception.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace hpcai::models {
namespace {

struct KerasLayer {
  std::string name;
  NamedTensors weights;

  bool has_ranks(const std::vector<int64_t>& ranks) const {
    return std::equal(weights.begin(), weights.end(), ranks.begin(), ranks.end(),
                      [](const auto& weight, int64_t rank) { return weight.second.dim() == rank; });
  }
  bool is_dense() const { return has_ranks({2, 1}) || has_ranks({2}); }
  bool is_conv() const { return has_ranks({4}); }
  bool is_norm() const { return has_ranks({1, 1, 1, 1}); }
  bool is_separable() const { return has_ranks({4, 4}); }
};

// A model within a model stores the trained weights of all layers first, so those of one layer need not stand together.
std::vector<KerasLayer> layers_of(const NamedTensors& source) {
  std::vector<KerasLayer> layers;
  for (const auto& item : source) {
    const std::string layer = item.first.substr(0, item.first.rfind('/'));
    auto found = std::find_if(layers.begin(), layers.end(), [&](const KerasLayer& known) { return known.name == layer; });
    if (found == layers.end()) found = layers.insert(layers.end(), {layer, {}});
    found->weights.push_back(item);
  }
  return layers;
}

std::string module_of(const std::string& tensor) { return tensor.substr(0, tensor.find('.')); }

// Names of ours that are given in their order.
class NamesInOrder {
 public:
  NamesInOrder(const std::vector<std::string>& own, std::string_view ending) {
    for (const std::string& tensor : own) {
      const std::string name = module_of(tensor);
      if (name.ends_with(ending) && (names_.empty() || names_.back() != name)) names_.push_back(name);
    }
  }
  // Empty after the last one.
  std::string next() { return given_ < names_.size() ? names_[given_++] : ""; }

 private:
  std::vector<std::string> names_;
  size_t given_ = 0;
};

at::Tensor output_first(const at::Tensor& kernel) { return kernel.permute({3, 2, 0, 1}); }

void add_layer(const KerasLayer& layer, const std::string& name, NamedTensors& tensors) {
  const auto weight = [&](size_t i) { return layer.weights[i].second; };
  if (layer.is_norm()) {
    size_t i = 0;
    for (const char* value : {".weight", ".bias", ".running_mean", ".running_var"})
      tensors.emplace_back(name + value, weight(i++));
  } else if (layer.is_separable()) {
    tensors.emplace_back(name + ".depthwise.weight", weight(0).permute({2, 3, 0, 1}));
    tensors.emplace_back(name + ".pointwise.weight", output_first(weight(1)));
  } else if (layer.is_conv()) {
    tensors.emplace_back(name + ".weight", output_first(weight(0)));
  } else {
    tensors.emplace_back(name + ".weight", weight(0).t());
    if (layer.weights.size() > 1) tensors.emplace_back(name + ".bias", weight(1));
  }
}

}  // namespace

KerasXception from_keras_xception(const NamedTensors& source, const std::vector<std::string>& own) {
  KerasXception result;
  std::set<std::string> modules;
  for (const std::string& tensor : own) modules.insert(module_of(tensor));
  NamesInOrder convs(own, "_residual"), norms(own, "_residual_bn");
  std::vector<KerasLayer> dense;
  const auto put_aside = [](const KerasLayer& layer, std::vector<std::string>& names) {
    for (const auto& weight : layer.weights) names.push_back(weight.first);
  };
  for (const KerasLayer& layer : layers_of(source)) {
    if (layer.is_dense()) {
      dense.push_back(layer);
      continue;
    }
    std::string name;
    if (layer.is_conv() || layer.is_norm() || layer.is_separable()) {
      if (modules.contains(layer.name)) {
        name = layer.name;
      } else if (!layer.is_separable()) {
        name = layer.is_conv() ? convs.next() : norms.next();
      }
    }
    name.empty() ? put_aside(layer, result.unknown) : add_layer(layer, name, result.tensors);
  }
  const char* const head[] = {"head_dense1", "head_dense2", "predictions"};
  const bool is_ours = dense.size() == std::size(head);
  for (size_t i = 0; i < dense.size(); ++i) {
    is_ours ? add_layer(dense[i], head[i], result.tensors) : put_aside(dense[i], result.head);
  }
  return result;
}

}  // namespace hpcai::models
