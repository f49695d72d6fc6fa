#include <ATen/ATen.h>

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "hpcai/checkpoint/element_type.h"
#include "hpcai/checkpoint/safetensors.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/sha256.h"

namespace hpcai::checkpoint {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

at::Tensor on_host(const at::Tensor& tensor) { return tensor.detach().to(at::kCPU).contiguous(); }

std::string_view bytes_of(const at::Tensor& host) {
  return {static_cast<const char*>(host.const_data_ptr()), static_cast<size_t>(host.nbytes())};
}

NamedTensors in_file_order(NamedTensors tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    const auto size_a = a.second.element_size(), size_b = b.second.element_size();
    return size_a != size_b ? size_a > size_b : a.first < b.first;
  });
  return tensors;
}

}  // namespace

SafetensorsImage::SafetensorsImage(const NamedTensors& tensors, const Metadata& metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t offset = 0;
  for (const auto& [name, tensor] : in_file_order(tensors)) {
    const auto type = element_name(tensor.scalar_type());
    if (!type) throw std::invalid_argument("safetensors: the element type of " + name + " is not supported");
    if (name == "__metadata__" || header.contains(name))
      throw std::invalid_argument("safetensors: the name " + name + " is taken");
    tensors_.push_back(on_host(tensor));
    const size_t end = offset + tensors_.back().nbytes();
    header[name] = {{"dtype", *type}, {"shape", tensor.sizes().vec()}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string json = json_text(header);
  json.append((8 - json.size() % 8) % 8, ' ');
  const uint64_t length = json.size();
  header_.assign(reinterpret_cast<const char*>(&length), sizeof length);
  header_ += json;
}

std::vector<std::string_view> SafetensorsImage::parts() const {
  std::vector<std::string_view> parts{header_};
  for (const auto& tensor : tensors_) parts.push_back(bytes_of(tensor));
  return parts;
}

size_t SafetensorsImage::size() const {
  size_t size = 0;
  for (const auto& part : parts()) size += part.size();
  return size;
}

void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors, const Metadata& metadata) {
  write_file(path, SafetensorsImage(tensors, metadata).parts());
}

std::string weights_sha256(const NamedTensors& tensors) {
  NamedTensors sorted = tensors;
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Sha256 hash;
  for (const auto& [name, tensor] : sorted) hash.update(bytes_of(on_host(tensor)));
  return hash.hex();
}

}  // namespace hpcai::checkpoint
