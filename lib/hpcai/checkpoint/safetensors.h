#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hpcai/core/named_tensors.h"

namespace hpcai::checkpoint {

using hpcai::NamedTensors;
using Metadata = std::map<std::string, std::string>;

// The content of a safetensors file (https://github.com/huggingface/safetensors): 8 bytes little-endian header length,
// a JSON header padded with spaces to a multiple of 8 bytes, then the tensors' bytes, row-major, without gaps. Tensors
// are laid down by falling element size and then by name, as the Python package does, so that each starts aligned.
class SafetensorsImage {
 public:
  // Takes tensors of any device and layout; element types F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL. Other types and
  // repeated names are bugs (std::invalid_argument).
  explicit SafetensorsImage(const NamedTensors& tensors, const Metadata& metadata = {});

  std::vector<std::string_view> parts() const;  // valid while this image lives
  size_t size() const;                          // bytes

 private:
  std::string header_;
  std::vector<at::Tensor> tensors_;  // contiguous, on the CPU
};

// Writes and fsyncs. Throws Error{cannot_write}; no partial file remains.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors, const Metadata& metadata = {});

// Tensors on the CPU in the order of their names. Anything that breaks the format (lengths, gaps, overlaps, repeated
// names, unknown types, trailing bytes) is Error{bad_data} with the file and the tensor's name; a file that cannot be
// opened is Error{missing_input}. Nothing in the file is executed, and no more is allocated than the file holds.
NamedTensors read_safetensors(const std::filesystem::path& path, Metadata* metadata = nullptr);

// SHA-256 over the tensors' bytes (row-major, on the CPU) in the order of their names: independent of file headers,
// devices and memory layouts.
std::string weights_sha256(const NamedTensors& tensors);

}  // namespace hpcai::checkpoint
