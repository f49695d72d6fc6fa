#pragma once

#include <string>
#include <vector>

#include "hpcai/distributed/config.h"
#include "hpcai/distributed/world/world.h"

// Where the ranks meet. Rank 0 and the others must come to the same answer although none of them knows yet which ranks share
// its host. So nothing here depends on World::local_rank or local_size, only on what all ranks are told alike (MASTER_ADDR,
// distributed.interface) and on what the names mean on each host.
//
// Three kinds of names lead to three answers:
//   - "localhost", 127.x.x.x, ::1: all ranks are on one host, and meet on its loopback;
//   - a name or address of a network: rank 0 listens on that address, the others look for it there;
//   - a name that its own host maps to the loopback, as Debian's /etc/hosts does (127.0.1.1): rank 0 listens on the address
//     of the host's network instead, which other hosts know by that name; a rank that finds the loopback under the name
//     shares the host with rank 0, and looks at the same address.
namespace hpcai::distributed {

// Where rank 0's server listens.
struct Place {
  std::string address;  // numeric
  int port = 0;
};

// "10.0.0.7, port 29500"
std::string describe(const Place& place);

// The one address on which rank 0 listens. All of these throw Error{peers_unreachable} if a name is unknown or names no host
// of this run, Error{usage} for an interface that is not there.
std::string listening_address(const World& world, const DistributedConfig& config);

// Where the other ranks look for rank 0, in this order.
std::vector<std::string> addresses_of_rank0(const World& world, const DistributedConfig& config);

// How the other ranks reach this one: on the network that leads to `meeting`, an address where all ranks meet.
std::string own_address(const DistributedConfig& config, const std::string& meeting);

// The same on rank 0 of torchrun, whose agent, not rank 0, listens at the master's address.
std::string own_address_beside_launcher(const World& world, const DistributedConfig& config);

// A place as text, "10.0.0.7 29500", and back; Error{peers_unreachable} for text that is no place.
std::string to_text(const Place& place);
Place place_from_text(const std::string& text);

}  // namespace hpcai::distributed
