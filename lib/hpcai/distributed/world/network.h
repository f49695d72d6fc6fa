#pragma once

#include <string>
#include <vector>

namespace hpcai::distributed {

// All addresses are numeric, "10.0.0.7" or "fe80::1"; IPv4 comes first.

// Throws Error{peers_unreachable} if the name cannot be resolved.
std::vector<std::string> resolve(const std::string& host);

// Of one interface. Throws Error{usage}, naming the interfaces of this host, if there is none of that name with an address.
std::vector<std::string> addresses_of_interface(const std::string& name);

// Of all interfaces of this host that are up.
std::vector<std::string> local_addresses();

bool is_loopback(const std::string& address);

// The address of this host from which it reaches `address`; empty if there is no route.
std::string source_address(const std::string& address);

// A listening socket on that address only; `port` 0 takes a free one. If another program holds the port and the `spare_ports`
// after it, throws Error{peers_unreachable}.
int listen_on(const std::string& address, int port, int spare_ports = 0);
int port_of(int listen_fd);

std::string host_name();

}  // namespace hpcai::distributed
