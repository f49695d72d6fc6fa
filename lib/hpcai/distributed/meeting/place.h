#pragma once

#include <string>
#include <vector>

#include "hpcai/distributed/config.h"
#include "hpcai/distributed/world/peers.h"
#include "hpcai/distributed/world/world.h"

// The place where the ranks meet. Rank 0 and the other ranks must derive the same place before they know which ranks share a
// host. These functions therefore use only the settings that are equal on all ranks (MASTER_ADDR, distributed.interface) and the
// name resolution of each host; they ignore World::local_rank and World::local_size.
//
// The master's name has one of three kinds:
//   - "localhost", 127.x.x.x or ::1: all ranks are on one host and meet on its loopback.
//   - A name or address of a network: rank 0 listens on that address, and the other ranks connect to it.
//   - A name that its own host maps to the loopback, as Debian's /etc/hosts does (127.0.1.1): rank 0 listens on the address of
//     its host's network, which other hosts resolve from the name. A rank that resolves the name to the loopback shares the host
//     with rank 0, and connects to the address of the host's network as well.
namespace hpcai::distributed {

// The address on which rank 0's key server listens.
struct Place {
  std::string address;  // numeric
  int port = 0;
};

// Text such as "10.0.0.7, port 29500".
std::string describe(const Place& place);

// Returns the one address on which rank 0 listens. All of the following functions throw Error{peers_unreachable} for a name that
// is unknown or does not name a host of this run, and Error{usage} for an interface that does not exist.
std::string listening_address(const World& world, const DistributedConfig& config);

// Returns the addresses at which the other ranks try to reach rank 0, in this order.
std::vector<std::string> addresses_of_rank0(const World& world, const DistributedConfig& config);

// Returns the address at which other ranks reach this rank: the address on the network that leads to `meeting`, where all ranks
// meet.
std::string own_address(const DistributedConfig& config, const std::string& meeting);

// Returns the address at which this rank listens for the exchanges with the other ranks: the loopback if all ranks share one
// host, so that no other host can connect, else `own`.
std::string exchange_address(const std::vector<Peer>& peers, const std::string& own);

// As own_address() for rank 0 under torchrun. There the agent, and not rank 0, listens at the master's address.
std::string own_address_beside_launcher(const World& world, const DistributedConfig& config);

// Conversions to and from text such as "10.0.0.7 29500". place_from_text() throws Error{peers_unreachable} for any other text.
std::string to_text(const Place& place);
Place place_from_text(const std::string& text);

}  // namespace hpcai::distributed
