#include "hpcai/checkpoint/element_type.h"

#include <utility>

namespace hpcai::checkpoint {
namespace {

constexpr std::pair<std::string_view, at::ScalarType> kTypes[] = {
    {"F64", at::ScalarType::Double},    {"F32", at::ScalarType::Float}, {"F16", at::ScalarType::Half},
    {"BF16", at::ScalarType::BFloat16}, {"I64", at::ScalarType::Long},  {"I32", at::ScalarType::Int},
    {"I16", at::ScalarType::Short},     {"I8", at::ScalarType::Char},   {"U8", at::ScalarType::Byte},
    {"BOOL", at::ScalarType::Bool}};

}  // namespace

std::optional<std::string_view> element_name(at::ScalarType type) {
  for (const auto& [name, known] : kTypes) {
    if (known == type) return name;
  }
  return std::nullopt;
}

std::optional<at::ScalarType> element_type(std::string_view name) {
  for (const auto& [known, type] : kTypes) {
    if (known == name) return type;
  }
  return std::nullopt;
}

}  // namespace hpcai::checkpoint
