#pragma once

#include <functional>
#include <map>
#include <stdexcept>
#include <string>

#include "hpcai/distributed/exchange/make_group.h"
#include "test_device.h"

namespace ranks {

// What a scenario gets: the group is made by the scenario itself, because some of them fail in that.
struct Setting {
  hpcai::distributed::World world;
  hpcai::distributed::DistributedConfig config;
  std::string argument;  // free, for the scenario

  // On GPUs, even one rank alone goes through NCCL.
  std::unique_ptr<hpcai::distributed::Group> meet() const {
    const bool gpu = test_device().is_cuda();
    auto chosen = config;
    if (gpu) chosen.backend = hpcai::distributed::Backend::nccl;
    return hpcai::distributed::make_group(world, chosen, gpu);
  }
};

using Scenarios = std::map<std::string, std::function<void(const Setting&)>>;
void add_collectives(Scenarios& scenarios);
void add_compression(Scenarios& scenarios);
void add_gradients(Scenarios& scenarios);
void add_host_sums(Scenarios& scenarios);
void add_lost_ranks(Scenarios& scenarios);
void add_speed(Scenarios& scenarios);

inline void check(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error("check failed: " + what);
}

}  // namespace ranks
