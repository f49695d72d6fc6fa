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

// The content of a safetensors file (https://github.com/huggingface/safetensors): the header's length in 8 little-endian bytes, a
// JSON header padded with spaces to a multiple of 8 bytes, then the tensors' bytes, row-major, without gaps. Tensors have the
// order of falling element size and then of names, as in the Python package, so that each starts aligned.
class SafetensorsImage {
 public:
  // Takes tensors of any shape, device and layout, with element types F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL. Throws
  // std::invalid_argument for other types and repeated names.
  explicit SafetensorsImage(const NamedTensors& tensors, const Metadata& metadata = {});

  std::vector<std::string_view> parts() const;  // valid for the lifetime of this object
  size_t size() const;                          // in bytes

 private:
  std::string header_;
  std::vector<at::Tensor> tensors_;  // contiguous, on the CPU
};

// Writes and fsyncs a file. Throws Error{cannot_write} and removes a partial file.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors, const Metadata& metadata = {});

// Returns the tensors of a file, on the CPU, in the order of their names. Throws Error{missing_input} if the file cannot be
// opened. Throws Error{bad_data} with the file and the tensor's name for every violation of the format: lengths, gaps, overlaps,
// repeated names, unknown types, trailing bytes. It executes nothing from the file and allocates at most the size of the file.
// `metadata`, if given, receives the texts of the header.
NamedTensors read_safetensors(const std::filesystem::path& path, Metadata* metadata = nullptr);

// Returns the SHA-256, as 64 hex digits, over the tensors' bytes (row-major, on the CPU) in the order of their names. It does not
// depend on file headers, devices and memory layouts.
std::string weights_sha256(const NamedTensors& tensors);

}  // namespace hpcai::checkpoint
