#include "hpcai/distributed/meeting/place.h"

#include <fmt/format.h>

#include <algorithm>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/world/network.h"

namespace hpcai::distributed {
namespace {

bool is_among(const std::vector<std::string>& list, const std::string& address) { return std::ranges::count(list, address) > 0; }

// The name of rank 0's host, or the fallback address if this host cannot resolve the name.
std::string known_master_host(const World& world) {
  if (world.fallback_host.empty()) return world.master_host;
  try {
    resolve(world.master_host);
  } catch (const Error&) {
    return world.fallback_host;
  }
  return world.master_host;
}

// The address of this host for other hosts: that of the configured interface, or of the default route.
std::string reachable_address(const DistributedConfig& config) {
  return config.interface.empty() ? outward_address() : addresses_of_interface(config.interface).front();
}

std::vector<std::string> resolve_master(const std::string& host) {
  const auto addresses = resolve(host);
  if (std::ranges::any_of(addresses, is_unspecified)) {
    throw Error(ExitCode::usage, fmt::format("rendezvous: MASTER_ADDR={} names no host", printable(host, 200)),
                "Set MASTER_ADDR to the name or an address of the host of rank 0; 127.0.0.1 if all ranks are on one host.");
  }
  return addresses;
}

}  // namespace

std::string describe(const Place& place) { return fmt::format("{}, port {}", place.address, place.port); }

std::string listening_address(const World& world, const DistributedConfig& config) {
  const std::string host = known_master_host(world);
  const auto named = resolve_master(host);
  if (means_this_host(host)) return named.front();
  const auto own = local_addresses();
  const auto chosen = config.interface.empty() ? std::vector<std::string>{} : addresses_of_interface(config.interface);
  std::string first_own;
  for (const std::string& address : named) {
    if (is_loopback(address)) continue;
    if (is_among(chosen, address)) return address;
    if (first_own.empty() && is_among(own, address)) first_own = address;
  }
  if (!first_own.empty()) return first_own;
  if (std::ranges::any_of(named, is_loopback)) return reachable_address(config);
  throw Error(
      ExitCode::peers_unreachable,
      fmt::format(
          "rendezvous: the ranks are to meet at {}{}, but rank 0 runs on {}, which does not have that address",
          printable(host, 200),
          host == world.master_host ? "" : fmt::format(" (the name {} is unknown here)", printable(world.master_host, 200)),
          host_name()),
      "Set MASTER_ADDR to the host of rank 0.");
}

std::vector<std::string> addresses_of_rank0(const World& world, const DistributedConfig& config) {
  const std::string host = known_master_host(world);
  auto addresses = resolve_master(host);
  if (means_this_host(host)) return addresses;
  const bool own_name = std::ranges::any_of(addresses, is_loopback);
  std::erase_if(addresses, is_loopback);
  if (own_name && !is_among(addresses, reachable_address(config))) addresses.push_back(reachable_address(config));
  return addresses;
}

std::string own_address(const DistributedConfig& config, const std::string& meeting) {
  if (is_loopback(meeting)) return meeting;  // a loopback address means that all ranks are on this host
  if (!config.interface.empty()) return addresses_of_interface(config.interface).front();
  const std::string address = source_address(meeting);
  return address.empty() || is_loopback(address) ? outward_address() : address;
}

std::string exchange_address(const std::vector<Peer>& peers, const std::string& own) {
  return spans_hosts(peers) || is_loopback(own) ? own : "127.0.0.1";
}

std::string own_address_beside_launcher(const World& world, const DistributedConfig& config) {
  const auto addresses = resolve_master(world.master_host);
  if (means_this_host(world.master_host)) return addresses.front();
  const auto outside = std::ranges::find_if_not(addresses, is_loopback);
  return outside == addresses.end() ? reachable_address(config) : own_address(config, *outside);
}

std::string to_text(const Place& place) { return fmt::format("{} {}", place.address, place.port); }

Place place_from_text(const std::string& text) {
  const size_t space = text.find(' ');
  const auto port = space == text.npos ? std::nullopt : parse_number<uint16_t>(std::string_view(text).substr(space + 1));
  if (!port || *port == 0 || !is_numeric_address(text.substr(0, space))) {
    throw Error(ExitCode::peers_unreachable,
                fmt::format("rendezvous: the launcher's store tells no place of rank 0, but \"{}\"", printable(text, 100)),
                "Another program uses the store of this launcher; start the run again.");
  }
  return {text.substr(0, space), *port};
}

}  // namespace hpcai::distributed
