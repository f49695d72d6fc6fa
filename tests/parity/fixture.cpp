#include "fixture.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "hpcai/core/file.h"

namespace hpcai::parity {
namespace {

constexpr int64_t kFullLimit = 640;
constexpr int64_t kSamples = 13;

at::Tensor test_value(const std::string& name, at::IntArrayRef shape) {
  if (shape.size() > 1) {
    int64_t spatial = 1;
    for (size_t d = 2; d < shape.size(); ++d) spatial *= shape[d];
    const double bound = std::sqrt(6.0 / static_cast<double>((shape[0] + shape[1]) * spatial));
    return uniform(name, shape, -bound, bound);
  }
  if (name.ends_with("running_var")) return uniform(name, shape, 0.5, 1.5);
  if (name.ends_with("weight")) return uniform(name, shape, 0.75, 1.25);
  return uniform(name, shape, -0.1, 0.1);
}

}  // namespace

// safetensors: length of the header, header in JSON, data.
Fixture read_fixture(const std::string& name) {
  const std::string file = read_file(HPCAI_SOURCE_DIR "/tests/parity/fixtures/" + name + ".safetensors");
  uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  const auto header = nlohmann::json::parse(file.substr(sizeof length, length));
  const char* data = file.data() + sizeof length + length;
  Fixture fixture;
  for (const auto& [key, entry] : header.items()) {
    if (key == "__metadata__") {
      for (const auto& [field, text] : entry.items()) {
        fixture.about[field] = field == "torch" ? text : nlohmann::json::parse(text.get<std::string>());
      }
      continue;
    }
    at::Tensor tensor = at::empty(entry["shape"].get<std::vector<int64_t>>(), at::kDouble);
    const uint64_t begin = entry["data_offsets"][0], end = entry["data_offsets"][1];
    TORCH_CHECK(entry["dtype"] == "F64" && end - begin == tensor.nbytes(), key);
    std::memcpy(tensor.data_ptr<double>(), data + begin, end - begin);
    fixture.tensors[key] = tensor;
  }
  return fixture;
}

at::Tensor hashed(const std::string& name, int64_t count) {
  uint64_t key = 0xCBF29CE484222325;
  for (const unsigned char byte : name) key = (key ^ byte) * 0x100000001B3;
  at::Tensor values = at::empty({count}, at::kDouble);
  double* out = values.data_ptr<double>();
  for (int64_t i = 0; i < count; ++i) {
    uint64_t z = key + static_cast<uint64_t>(i + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    z ^= z >> 31;
    out[i] = static_cast<double>(z >> 11) * 0x1p-53;
  }
  return values;
}

at::Tensor uniform(const std::string& name, at::IntArrayRef shape, double low, double high) {
  return (hashed(name, c10::multiply_integers(shape)) * (high - low) + low).view(shape);
}

void fill(models::Model& model) {
  const at::NoGradGuard no_grad;
  for (auto& item : model.named_parameters()) item.value().copy_(test_value(item.key(), item.value().sizes()));
  for (auto& item : model.named_buffers()) item.value().copy_(test_value(item.key(), item.value().sizes()));
}

at::Tensor digest(const std::string& name, const at::Tensor& tensor) {
  const at::Tensor values = tensor.detach().to(at::kCPU, at::kDouble).contiguous();
  if (values.numel() <= kFullLimit) return values;
  const at::Tensor flat = values.view({-1});
  const at::Tensor projection = flat.dot(2 * hashed("projection " + name, flat.numel()) - 1);
  const at::Tensor where = (hashed("samples " + name, kSamples) * flat.numel()).to(at::kLong);
  return at::cat({projection.view({1}), flat.norm().view({1}), flat.index_select(0, where)});
}

std::string difference(const std::string& name, const at::Tensor& result, const at::Tensor& expected, double tolerance,
                       double floor) {
  const at::Tensor found = result.detach().to(at::kCPU, at::kDouble);
  if (found.sizes() != expected.sizes()) {
    return fmt::format("{}: shape {} instead of {}", name, c10::str(found.sizes()), c10::str(expected.sizes()));
  }
  const at::Tensor error = (found - expected).abs().flatten();
  const double largest = expected.abs().max().item<double>();
  const at::Tensor bad = at::nonzero(~(error <= tolerance * largest + floor));
  if (bad.numel() == 0) return "";
  const int64_t first = bad[0].item<int64_t>();
  return fmt::format(
      "{}: largest difference {:.3g}, {:.3g} of the largest value; first at flat index {}: {:.10g} instead of {:.10g}", name,
      error.max().item<double>(), error.max().item<double>() / largest, first, found.flatten()[first].item<double>(),
      expected.flatten()[first].item<double>());
}

}  // namespace hpcai::parity
