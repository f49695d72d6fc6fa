#include "hpcai/models/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::models {
namespace {

void set_trainable(torch::nn::Module& module, bool trainable) {
  for (at::Tensor& parameter : module.parameters()) parameter.set_requires_grad(trainable);
  module.apply([trainable](torch::nn::Module& part) {
    if (auto* norm = dynamic_cast<BatchNorm*>(&part)) norm->use_batch(trainable);
  });
}

struct ModelMaker {
  std::span<const int64_t> input_shape;
  int64_t outputs;
  uint64_t seed;
  const SequenceKind& sequences;

  template <class Config>
  std::shared_ptr<Model> operator()(const Config& config) const {
    if (sequences == SequenceKind{}) return make(config, input_shape, outputs, seed);
    throw Error(ExitCode::usage,
                fmt::format("model.type: {} cannot learn {}", Config::kType,
                            sequences.padded ? "sequences of different length" : "a target for each time step"),
                "use model.type: network, with model.time_first: true");
  }
  std::shared_ptr<Model> operator()(const NetworkConfig& config) const {
    return make(config, input_shape, outputs, seed, sequences);
  }
};

}  // namespace

void Model::add_layer(std::string name, std::vector<std::shared_ptr<torch::nn::Module>> modules) {
  layers_.push_back({std::move(name), std::move(modules)});
}

std::vector<std::string> Model::layers() const {
  std::vector<std::string> names;
  for (const Layer& layer : layers_) names.push_back(layer.name);
  return names;
}

size_t Model::layer_index(const std::string& layer) const {
  if (layer == "all") return 0;
  for (size_t i = 0; i < layers_.size(); ++i) {
    if (layers_[i].name == layer) return i;
  }
  const auto index = parse_number<size_t>(layer);
  if (index && *index < layers_.size()) return *index;
  const auto nearest = std::min_element(layers_.begin(), layers_.end(), [&](const Layer& a, const Layer& b) {
    return edit_distance(a.name, layer) < edit_distance(b.name, layer);
  });
  throw Error(
      ExitCode::usage, "trainable_from: the network has no layer '" + printable(layer, 60) + "'",
      "give all, head, an index from 0 to " + std::to_string(layers_.size() - 1) + ", or a layer name such as " + nearest->name);
}

void Model::set_trainable_from(const std::string& layer) {
  const size_t first = layer_index(layer);
  for (size_t i = 0; i < layers_.size(); ++i) {
    for (const auto& module : layers_[i].modules) set_trainable(*module, i >= first);
  }
}

std::vector<std::string> Model::tensors_from(const std::string& layer) const {
  std::set<const at::TensorImpl*> chosen;
  for (size_t i = layer_index(layer); i < layers_.size(); ++i) {
    for (const auto& module : layers_[i].modules) {
      for (const at::Tensor& tensor : module->parameters()) chosen.insert(tensor.unsafeGetTensorImpl());
      for (const at::Tensor& tensor : module->buffers()) chosen.insert(tensor.unsafeGetTensorImpl());
    }
  }
  std::vector<std::string> names;
  const auto add = [&](const auto& tensors) {
    for (const auto& item : tensors) {
      if (chosen.contains(item.value().unsafeGetTensorImpl())) names.push_back(item.key());
    }
  };
  add(named_parameters());
  add(named_buffers());
  return names;
}

std::shared_ptr<Model> make_model(const ModelConfig& config, std::span<const int64_t> input_shape, int64_t outputs, uint64_t seed,
                                  const SequenceKind& sequences) {
  return std::visit(ModelMaker{input_shape, outputs, seed, sequences}, config);
}

void synchronise_batch_norm(Model& model, const SumOverRanks& sum, int world_size) {
  for (const auto& part : model.modules(/*include_self=*/false)) {
    auto* norm = dynamic_cast<BatchNorm*>(part.get());
    if (norm && norm->mode() == BatchNormMode::synchronised) norm->synchronise(world_size > 1 ? sum : SumOverRanks());
  }
}

HoldStatistics::HoldStatistics(Model& model, bool active) {
  if (!active) return;
  for (const auto& part : model.modules(/*include_self=*/false)) {
    if (auto* norm = dynamic_cast<BatchNorm*>(part.get())) held_.push_back(norm);
  }
  for (BatchNorm* norm : held_) norm->hold_statistics(true);
}

HoldStatistics::~HoldStatistics() {
  for (BatchNorm* norm : held_) norm->hold_statistics(false);
}

bool has_local_statistics(const Model& model) {
  const auto parts = model.modules(/*include_self=*/false);
  return std::any_of(parts.begin(), parts.end(), [](const auto& part) {
    const auto* norm = dynamic_cast<const BatchNorm*>(part.get());
    return norm && norm->mode() == BatchNormMode::local;
  });
}

ModelSize size_of(const Model& model) {
  ModelSize size;
  for (const at::Tensor& parameter : model.parameters()) {
    size.values += parameter.numel();
    if (parameter.requires_grad()) size.trainable += parameter.numel();
  }
  for (const at::Tensor& buffer : model.buffers()) size.values += buffer.numel();
  return size;
}

}  // namespace hpcai::models
