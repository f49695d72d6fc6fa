#include "hpcai/distributed/world/host_identity.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <system_error>

#include "hpcai/distributed/world/network.h"

namespace hpcai::distributed {

std::string host_identity() {
  std::string boot_id;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot_id);
  std::error_code ignored;
  const auto network = std::filesystem::read_symlink("/proc/self/ns/net", ignored);  // "net:[4026531840]"
  return fmt::format("{} {} {}", boot_id, host_name(), network.string());
}

}  // namespace hpcai::distributed
