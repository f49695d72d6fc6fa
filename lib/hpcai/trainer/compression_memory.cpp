#include "hpcai/trainer/compression_memory.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "hpcai/core/error.h"

namespace hpcai::trainer {
namespace {

constexpr const char* kMemoryPrefix = "gradient compression.";  // with a space, which no name of a layer has

std::string shared_name(size_t bucket) { return fmt::format("{}{}", kMemoryPrefix, bucket); }
std::string own_name(int rank, size_t bucket) { return fmt::format("{}rank {}.{}", kMemoryPrefix, rank, bucket); }

// Copies the mean of the saved tensors of these names into `live`.
void take_mean(const std::map<std::string, at::Tensor>& saved, const std::vector<std::string>& names, const at::Tensor& live) {
  at::Tensor mean;
  for (const std::string& name : names) {
    const auto found = saved.find(name);
    if (found == saved.end() || found->second.sizes() != live.sizes() || found->second.scalar_type() != live.scalar_type()) {
      throw Error(ExitCode::cannot_resume,
                  fmt::format("the checkpoint has no tensor '{}' of the shape that the model needs", name),
                  "The checkpoint belongs to other settings: check distributed.compression and distributed.bucket_mb, or start a "
                  "new run.");
    }
    const at::Tensor tensor = found->second.to(live.device());
    mean = mean.defined() ? mean + tensor : tensor;
  }
  live.copy_(names.size() == 1 ? mean : mean / static_cast<double>(names.size()));
}

}  // namespace

NamedTensors gather_compression_memory(distributed::Group& group, const distributed::Reducer& reducer) {
  NamedTensors memory;
  const auto shared = reducer.shared_memory(), own = reducer.own_memory();
  for (size_t i = 0; i < shared.size() && group.rank() == 0; ++i) memory.emplace_back(shared_name(i), shared[i].clone());
  for (int rank = 0; rank < group.size() && !own.empty(); ++rank) {
    for (size_t i = 0; i < own.size(); ++i) {
      const at::Tensor copy = rank == group.rank() ? own[i].clone() : at::empty_like(own[i]);
      group.broadcast(copy, rank);
      if (group.rank() == 0) memory.emplace_back(own_name(rank, i), copy);
    }
  }
  return memory;
}

bool is_compression_memory(const std::string& name) { return name.starts_with(kMemoryPrefix); }

void restore_compression_memory(const distributed::Group& group, const distributed::Reducer& reducer, const NamedTensors& saved) {
  std::map<std::string, at::Tensor> by_name;
  for (const auto& [name, tensor] : saved) {
    if (is_compression_memory(name)) by_name.emplace(name, tensor);
  }
  const auto shared = reducer.shared_memory(), own = reducer.own_memory();
  if (by_name.empty() || own.empty()) return;
  int ranks = 0;
  while (by_name.contains(own_name(ranks, 0))) ++ranks;
  for (size_t i = 0; i < own.size(); ++i) {
    std::vector<std::string> names;
    for (int rank = 0; rank < ranks; ++rank) names.push_back(own_name(rank, i));
    if (ranks == group.size()) names = {own_name(group.rank(), i)};
    if (names.empty()) names = {own_name(0, i)};  // which is missing
    take_mean(by_name, {shared_name(i)}, shared[i]);
    take_mean(by_name, names, own[i]);
  }
}

}  // namespace hpcai::trainer
