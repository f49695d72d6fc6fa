#pragma once

#include <string>
#include <vector>

namespace hpcai::distributed {

// All addresses are numeric, "10.0.0.7" or "fe80::1"; IPv4 comes first.

// The addresses of a host by name or address, also one in brackets, [::1]. localhost and its like need no entry in a table.
// Throws Error{peers_unreachable} if the name cannot be resolved.
std::vector<std::string> resolve(const std::string& host);

// Of one interface. Throws Error{usage}, naming the interfaces of this host, if there is none of that name with an address.
std::vector<std::string> addresses_of_interface(const std::string& name);

// Of all interfaces of this host that are up.
std::vector<std::string> local_addresses();

bool is_numeric_address(const std::string& text);

// 127.0.0.0/8, ::1, or the former in IPv6's notation. False for what is no numeric address.
bool is_loopback(const std::string& address);

// 0.0.0.0 or ::, which name no host.
bool is_unspecified(const std::string& address);

// Whether a name or address means the host that uses it, wherever that is: a numeric address of the loopback, localhost,
// ip6-localhost and the like. A host's own name does not, even where it leads to the loopback.
bool means_this_host(const std::string& host);

// The address under which other hosts reach this one: that of the default route, else the first that is not the
// loopback's. A host without any network gives 127.0.0.1: it cannot have ranks elsewhere.
std::string outward_address();

// The address of this host from which it reaches `address`; empty if there is no route.
std::string source_address(const std::string& address);

// A listening socket on that address only; `port` 0 takes a free one. If another program holds the port and the `spare_ports`
// after it, or this host has no such address, throws Error{peers_unreachable}.
int listen_on(const std::string& address, int port, int spare_ports = 0);
int port_of(int listen_fd);

// As the system gives it, made fit for a message.
std::string host_name();

}  // namespace hpcai::distributed
