#include "hpcai/data/weights/keras_weights.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "hpcai/core/text.h"
#include "hpcai/data/hdf5/hdf5_failure.h"
#include "hpcai/data/hdf5/hdf5_file.h"
#include "hpcai/data/hdf5/hdf5_trial.h"

namespace hpcai::data {
namespace {

constexpr const char* kKerasRemedy =
    "Save the weights again with model.save_weights(FILE), whose FILE ends in .weights.h5 (Keras 3) or .h5 (Keras 2).";
constexpr int kDeepestModel = 4;  // models within models

struct KerasWeight {
  std::string name;  // "layer/weight"
  Hdf5Array values;
};

// The weights of a file, opened and not yet read.
class KerasFile {
 public:
  explicit KerasFile(const std::string& path) : file_(path) {
    if (file_.has("model_weights")) {
      add_named_layers("model_weights/");
    } else if (!file_.texts("layer_names").empty()) {
      add_named_layers("");
    } else if (file_.has("layers")) {
      add_numbered_layers("layers", 1);
    } else {
      refuse_data(file_.name(), "has no weights of Keras: neither layer_names nor a group layers", kKerasRemedy);
    }
    if (weights_.empty()) refuse_data(file_.name(), "names no weights", kKerasRemedy);
  }

  const std::vector<KerasWeight>& weights() const { return weights_; }

 private:
  void add(const std::string& name, const std::string& data_set) {
    if (!names_.insert(name).second) {
      refuse_data(file_.name(), fmt::format("has two weights {}", printable(name)),
                  "Save the weights of the one network alone that you want.");
    }
    weights_.push_back({name, file_.array(data_set, kAnyRank)});
  }

  // `root`: empty, or a group with a '/' behind it. A weight's name is a path below its layer's group. The last group of the path
  // is the layer, because a model within a model stores all its weights as those of one layer. Keras 1 wrote no such group.
  void add_named_layers(const std::string& root) {
    const std::string group = root.empty() ? "" : root.substr(0, root.size() - 1);
    for (const std::string& layer : file_.texts("layer_names", group)) {
      for (const std::string& weight : file_.texts("weight_names", root + layer)) {
        const size_t slash = weight.rfind('/');
        const std::string own = slash == std::string::npos ? layer : last_part(weight.substr(0, slash));
        add(fmt::format("{}/{}", own, slash == std::string::npos ? weight : weight.substr(slash + 1)),
            fmt::format("{}{}/{}", root, layer, weight));
      }
    }
  }

  static std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

  // Keras 3 numbers the layers of a class: conv2d, conv2d_1, conv2d_2, ..., conv2d_10.
  struct Numbered {
    std::string name;
    std::string stem;
    int64_t number = 0;

    explicit Numbered(const std::string& key) : name(key), stem(key) {
      const size_t bar = key.rfind('_');
      const auto parsed = bar == std::string::npos ? std::nullopt : parse_number<int64_t>(std::string_view(key).substr(bar + 1));
      if (!parsed) return;
      stem = key.substr(0, bar);
      number = *parsed;
    }
    auto operator<=>(const Numbered& other) const {
      return std::tie(stem, number, name) <=> std::tie(other.stem, other.number, other.name);
    }
  };

  static std::vector<Numbered> in_number_order(const std::vector<std::string>& names) {
    std::vector<Numbered> sorted(names.begin(), names.end());
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }

  void add_numbered_layers(const std::string& group, int depth) {
    if (depth > kDeepestModel) refuse_data(file_.name(), "has models within models, too deep", kKerasRemedy);
    for (const Numbered& layer : in_number_order(file_.children(group))) {
      const std::string path = fmt::format("{}/{}", group, layer.name);
      if (file_.has(path + "/layers")) add_numbered_layers(path + "/layers", depth + 1);
      if (!file_.has(path + "/vars")) continue;
      const auto said = file_.texts("name", path + "/vars");
      for (const Numbered& variable : in_number_order(file_.children(path + "/vars"))) {
        add(fmt::format("{}/{}", said.size() == 1 ? said[0] : layer.name, variable.name),
            fmt::format("{}/vars/{}", path, variable.name));
      }
    }
  }

  Hdf5File file_;
  std::vector<KerasWeight> weights_;
  std::set<std::string> names_;
};

at::Tensor read_values(const Hdf5Array& array) {
  const std::vector<double> values = array.read_all();
  at::Tensor tensor = at::empty(array.shape(), at::kFloat);
  std::transform(values.begin(), values.end(), tensor.mutable_data_ptr<float>(),
                 [](double value) { return static_cast<float>(value); });
  return tensor;
}

}  // namespace

NamedTensors read_keras_weights(const std::string& path) {
  try_in_child(path, [&] { KerasFile opened(path); });
  const KerasFile file(path);
  NamedTensors tensors;
  for (const KerasWeight& weight : file.weights()) tensors.emplace_back(weight.name, read_values(weight.values));
  return tensors;
}

}  // namespace hpcai::data
