#include "hpcai/models/import/xception_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "hpcai/core/text.h"

namespace hpcai::models {
namespace {

// "block2_sepconv1_bn.bias" in parts.
struct BlockTensor {
  int64_t block = 0;
  std::string layer = {};  // "sepconv", "conv", "residual"
  int64_t number = 0;      // of the layer in its block; 0 for the residual
  bool norm = false;
  std::string value;  // "bias", "depthwise.weight"
};

std::optional<BlockTensor> parse_block_tensor(const std::string& name) {
  std::string_view rest = name;
  constexpr std::string_view kBlock = "block", kNorm = "_bn";
  if (!rest.starts_with(kBlock)) return std::nullopt;
  rest.remove_prefix(kBlock.size());
  const auto block = take_number<int64_t>(rest);
  const size_t dot = rest.find('.');
  if (!block || !rest.starts_with('_') || dot == std::string_view::npos) return std::nullopt;
  BlockTensor tensor{.block = *block, .value = std::string(rest.substr(dot + 1))};
  std::string_view layer = rest.substr(1, dot - 1);
  tensor.norm = layer.ends_with(kNorm);
  if (tensor.norm) layer.remove_suffix(kNorm.size());
  while (!layer.empty() && is_digit(layer.back())) {
    tensor.number = layer.back() - '0';
    layer.remove_suffix(1);
  }
  tensor.layer = layer;
  return tensor;
}

}  // namespace

int64_t last_xception_block(const std::vector<std::string>& names) {
  int64_t last = 0;
  for (const std::string& name : names) {
    if (const auto tensor = parse_block_tensor(name)) last = std::max(last, tensor->block);
  }
  return last;
}

std::string timm_xception_name(const std::string& name, int64_t last_block) {
  const auto tensor = parse_block_tensor(name);
  if (!tensor) return name;
  const std::string value = tensor->value == "depthwise.weight" ? "conv1.weight" : tensor->value;
  const bool first = tensor->block == 1, last = tensor->block == last_block;
  if (first || last) return fmt::format("{}{}.{}", tensor->norm ? "bn" : "conv", tensor->number + (last ? 2 : 0), value);
  const std::string block = fmt::format("block{}", tensor->block - 1);
  if (tensor->layer == "residual") return fmt::format("{}.skip{}.{}", block, tensor->norm ? "bn" : "", value);
  const int64_t relus = tensor->block == 2 ? tensor->number - 1 : tensor->number;
  return fmt::format("{}.rep.{}.{}", block, 2 * (tensor->number - 1) + relus + (tensor->norm ? 1 : 0), value);
}

}  // namespace hpcai::models
