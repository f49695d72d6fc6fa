#include "hpcai/models/import/export_names.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "hpcai/core/error.h"
#include "hpcai/models/batch_norm.h"
#include "hpcai/models/domain_discriminator.h"
#include "hpcai/models/import/xception_names.h"
#include "hpcai/models/xception.h"

namespace hpcai::models {
namespace {

NamedTensors with_timm_names(const XceptionConfig& config, const NamedTensors& tensors) {
  std::vector<std::string> own;
  for (const auto& item : tensors) own.push_back(item.first);
  const int64_t last = last_xception_block(own);
  const bool is_keras = config.implementation == XceptionImplementation::keras;
  NamedTensors renamed;
  for (const auto& [name, tensor] : tensors) {
    const bool other_eps = is_keras && name.ends_with(".running_var");
    renamed.emplace_back(timm_xception_name(name, last), other_eps ? tensor + (kKerasNormEps - kTimmNormEps) : tensor);
  }
  return renamed;
}

}  // namespace

ExportNames usual_export_names(const ModelConfig& config) {
  const bool known = std::holds_alternative<XceptionConfig>(config) || std::holds_alternative<ResNetConfig>(config);
  return known ? ExportNames::timm : ExportNames::own;
}

NamedTensors with_export_names(const ModelConfig& config, const NamedTensors& all, ExportNames names) {
  NamedTensors tensors;
  for (const auto& item : all) {
    if (!is_of_discriminator(item.first)) tensors.push_back(item);
  }
  if (names == ExportNames::own || std::holds_alternative<ResNetConfig>(config)) return tensors;  // ours are torchvision's
  const auto* xception = std::get_if<XceptionConfig>(&config);
  if (xception && names == ExportNames::timm) return with_timm_names(*xception, tensors);
  throw Error(ExitCode::usage,
              fmt::format("{} has no network like model.type: {}", names == ExportNames::timm ? "timm" : "torchvision",
                          std::visit([](const auto& chosen) { return chosen.kType; }, config)),
              "Export with --names own.");
}

}  // namespace hpcai::models
