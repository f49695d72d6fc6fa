#include "hpcai/models/import/translate.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "hpcai/core/error.h"
#include "hpcai/models/import/keras_xception.h"
#include "hpcai/models/import/xception_names.h"

namespace hpcai::models {
namespace {

void drop_common_prefix(NamedTensors& tensors) {
  constexpr std::string_view kPrefix = "module.";
  const bool common =
      std::all_of(tensors.begin(), tensors.end(), [&](const auto& item) { return item.first.starts_with(kPrefix); });
  if (!common) return;
  for (auto& item : tensors) item.first.erase(0, kPrefix.size());
}

bool is_timm_xception(const NamedTensors& source) {
  return std::any_of(source.begin(), source.end(), [](const auto& item) {
    return item.first.starts_with("block1.rep.") || item.first.starts_with("block1.skip.");
  });
}

void require_implementation(const XceptionConfig& config, XceptionImplementation wanted, const std::string& where) {
  if (config.implementation == wanted) return;
  const std::string name = config::name_of(wanted);
  throw Error(ExitCode::usage,
              fmt::format("{} holds {}'s Xception, whose pools and batch norms differ from those of model.implementation: {}",
                          where, name, config::name_of(config.implementation)),
              fmt::format("Set model.implementation to {}.", name));
}

Translated from_keras(const ModelConfig& config, const std::vector<std::string>& own, const NamedTensors& source,
                      const std::string& where) {
  const auto* xception = std::get_if<XceptionConfig>(&config);
  if (!xception) {
    throw Error(ExitCode::usage,
                fmt::format("{} holds weights of Keras, which are read for model.type: xception only; this is {}", where,
                            std::visit([](const auto& chosen) { return chosen.kType; }, config)),
                "Give a state dict of PyTorch or safetensors.");
  }
  require_implementation(*xception, XceptionImplementation::keras, where);
  KerasXception read = from_keras_xception(source, own);
  Translated result{std::move(read.tensors), std::move(read.head), "Keras"};
  const std::map<std::string, at::Tensor> by_name(source.begin(), source.end());
  for (const std::string& name : read.unknown) result.tensors.emplace_back(name, by_name.at(name));
  return result;
}

// timm's classifier; Cadene's files call it last_linear.
bool is_timm_head(const std::string& name) { return name.starts_with("fc.") || name.starts_with("last_linear."); }

Translated from_timm(const std::vector<std::string>& own, NamedTensors source) {
  Translated result{.origin = "timm"};
  std::map<std::string, std::string> own_names;
  const int64_t last = last_xception_block(own);
  for (const std::string& name : own) own_names[timm_xception_name(name, last)] = name;
  for (auto& [name, tensor] : source) {
    if (is_timm_head(name)) {
      result.head.push_back(name);
      continue;
    }
    // Cadene's first files hold pointwise convolutions as matrices.
    const bool is_matrix = name.ends_with("pointwise.weight") && tensor.dim() == 2;
    const auto found = own_names.find(name);
    result.tensors.emplace_back(found == own_names.end() ? name : found->second,
                                is_matrix ? tensor.unsqueeze(2).unsqueeze(3) : tensor);
  }
  return result;
}

}  // namespace

Translated translate(const ModelConfig& config, const std::vector<std::string>& own, NamedTensors source, bool is_keras,
                     const std::string& where) {
  if (is_keras) return from_keras(config, own, source, where);
  drop_common_prefix(source);
  std::erase_if(source, [](const auto& item) { return item.first.ends_with("num_batches_tracked"); });
  const auto* xception = std::get_if<XceptionConfig>(&config);
  if (xception && is_timm_xception(source)) {
    require_implementation(*xception, XceptionImplementation::timm, where);
    return from_timm(own, std::move(source));
  }
  const bool published = std::holds_alternative<ResNetConfig>(config);
  return {std::move(source), {}, published ? "torchvision" : "hpcai-train"};
}

}  // namespace hpcai::models
