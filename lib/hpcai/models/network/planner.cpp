#include "hpcai/models/network/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/models/network/layer_config.h"

namespace hpcai::models::network {
namespace {

constexpr int64_t kMostLayers = 10000;

Plan plan_of(const LayerConfig& layer, const Shape& input, Planner& planner) {
  return std::visit([&](const auto& config) { return plan(config, input, planner); }, layer.kind());
}

void check_name(const std::string& name, std::set<std::string>& used) {
  const auto is_fit = [](unsigned char c) { return c < 0x80 && (std::isalnum(c) || c == '_' || c == '-'); };
  if (!std::isalpha(static_cast<unsigned char>(name[0])) || !std::all_of(name.begin(), name.end(), is_fit)) {
    throw Fault{fmt::format("the name {} must be made of letters, digits, _ and -, and begin with a letter", printable(name, 60)),
                ""};
  }
  if (name == "layers") throw Fault{"the name layers begins the names of layers without one", "choose another name"};
  if (name == "all") throw Fault{"the name all means all layers", "choose another name"};
  if (!used.insert(name).second) throw Fault{fmt::format("another layer of this list has the name {}", name), ""};
}

bool contains_layers(const LayerConfig& layer) {
  return std::visit(
      [](const auto& config) {
    return requires { config.layers; }
    || requires { config.branches; };
      },
      layer.kind());
}

}  // namespace

Chain::Layers Chain::make(Assembly& assembly) const {
  Layers layers{std::make_shared<torch::nn::Module>(), {}};
  const std::string path = assembly.path;
  for (const Part& part : parts) {
    const std::string name = !path.empty() ? path + "." + part.component
                             : part.named  ? part.component
                                           : "layers." + part.component;
    const size_t row = assembly.rows.size();
    assembly.rows.push_back({name, part.kind, part.plan.output, nullptr, part.contains_others});
    assembly.path = name;
    Made made = part.plan.make(assembly);
    assembly.rows[row].module = made.module;
    if (made.module) layers.modules->register_module(part.component, made.module);
    layers.operations.push_back(std::move(made.operations));
  }
  assembly.path = path;
  return layers;
}

Made Chain::make_one(Assembly& assembly) const {
  const Layers layers = make(assembly);
  return {joined(layers.operations), layers.modules};
}

Chain Planner::chain(const std::vector<LayerConfig>& layers, const Shape& input, std::string_view key) {
  Chain chain{input, {}};
  const std::string path = path_;
  std::set<std::string> names;
  for (size_t i = 0; i < layers.size(); ++i) {
    const LayerConfig& layer = layers[i];
    const Shape before = chain.output();
    path_ = fmt::format("{}{}{}[{}]", path, path.empty() ? "" : ".", key, i);
    try {
      if (!layer.name.empty()) check_name(layer.name, names);
      chain.parts.push_back(part(layer, before, i));
    } catch (const Fault& fault) {
      std::string kind = kind_of(layer);
      if (!layer.name.empty()) kind += " " + printable(layer.name, 60);
      if (!repetition.empty()) kind += ", " + repetition;
      throw Error(ExitCode::usage,
                  fmt::format("{}{}{} ({}): {}; its input is {}", layer.read_from, layer.read_from.empty() ? "" : ": ", path_,
                              kind, fault.what, before.text()),
                  fault.remedy);
    }
  }
  path_ = path;
  return chain;
}

Chain::Part Planner::part(const LayerConfig& layer, const Shape& input, size_t number) {
  if (++layers_ > kMostLayers) throw Fault{fmt::format("the network has more than {} layers", kMostLayers), "repeat less often"};
  const bool named = !layer.name.empty();
  Plan plan = plan_of(layer, input, *this);
  return {named ? layer.name : std::to_string(number), named, kind_of(layer), contains_layers(layer), std::move(plan), takes};
}

}  // namespace hpcai::models::network
