#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "hpcai/checkpoint/safetensors.h"
#include "hpcai/checkpoint/safetensors_header.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"

namespace hpcai::checkpoint {
namespace {

constexpr uint64_t kMaxHeader = 100'000'000;  // bytes; the limit of the reference implementation

void read_exactly(std::ifstream& in, void* to, uint64_t size) {
  in.read(static_cast<char*>(to), static_cast<std::streamsize>(size));
  if (static_cast<uint64_t>(in.gcount()) != size) throw std::runtime_error("it ends too early");
}

at::Tensor read_tensor(std::ifstream& in, uint64_t data_start, const Entry& entry) {
  at::Tensor tensor = at::empty(entry.shape, at::TensorOptions(entry.type));
  in.seekg(static_cast<std::streamoff>(data_start + entry.begin));
  read_exactly(in, tensor.mutable_data_ptr(), entry.end - entry.begin);
  if (entry.type == at::kBool && tensor.numel() > 0 && tensor.view(at::kByte).max().item<int>() > 1) {
    throw std::runtime_error(fmt::format("tensor {}: a BOOL is neither 0 nor 1", entry.name));
  }
  return tensor;
}

NamedTensors read_all(std::ifstream& in, uint64_t file_size, Metadata& metadata) {
  uint64_t header_size = 0;
  if (file_size < sizeof header_size) throw std::runtime_error("it ends too early");
  read_exactly(in, &header_size, sizeof header_size);
  if (header_size > kMaxHeader) throw std::runtime_error("its header is longer than 100 MB: is it a safetensors file?");
  if (header_size > file_size - sizeof header_size) throw std::runtime_error("it ends within its header");
  std::string header(header_size, '\0');
  read_exactly(in, header.data(), header_size);
  const uint64_t data_start = sizeof header_size + header_size;
  NamedTensors tensors;
  for (const Entry& entry : parse_header(header, file_size - data_start, metadata)) {
    tensors.emplace_back(entry.name, read_tensor(in, data_start, entry));
  }
  return tensors;
}

}  // namespace

NamedTensors read_safetensors(const std::filesystem::path& path, Metadata* metadata) {
  std::error_code code;
  const uint64_t size = std::filesystem::file_size(path, code);
  std::ifstream in(path, std::ios::binary);
  if (code || !in) {
    throw Error(ExitCode::missing_input,
                fmt::format("cannot read {}: {}", printable(path), code ? code.message() : std::strerror(errno)));
  }
  Metadata unwanted;
  try {
    return read_all(in, size, metadata != nullptr ? *metadata : unwanted);
  } catch (const std::runtime_error& e) {
    throw Error(ExitCode::bad_data,
                fmt::format("{} is not a sound safetensors file: {}", printable(path), printable(std::string_view(e.what()))),
                "Fetch or export the file again.");
  }
}

}  // namespace hpcai::checkpoint
