#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

namespace hpcai::distributed {

// All addresses are numeric, "10.0.0.7" or "fe80::1". IPv4 addresses come first.

// Returns the addresses of a host name or an address, also one in brackets, [::1]. localhost and similar names need no entry in a
// host table. Throws Error{peers_unreachable} if the name cannot be resolved.
std::vector<std::string> resolve(const std::string& host);

// Returns the addresses of an interface. Throws Error{usage} that lists the interfaces of this host if `name` has no address.
std::vector<std::string> addresses_of_interface(const std::string& name);

// Returns the addresses of all active interfaces of this host.
std::vector<std::string> local_addresses();

// Whether a text is an IPv4 or IPv6 address in numbers.
bool is_numeric_address(const std::string& text);

// Whether an address is in 127.0.0.0/8, ::1, or the former in IPv6 notation. False for other text.
bool is_loopback(const std::string& address);

// Whether an address is 0.0.0.0 or ::, which name no host.
bool is_unspecified(const std::string& address);

// Whether a name or address means the host that uses it, on every host: a numeric loopback address, localhost, ip6-localhost and
// similar names. False for a host's own name, even if that resolves to the loopback.
bool means_this_host(const std::string& host);

// Returns the address at which other hosts reach this host: that of the default route, else the first one that is not a loopback
// address. Returns 127.0.0.1 on a host without a network, which can have no ranks elsewhere.
std::string outward_address();

// Returns the address from which this host reaches `address`; empty if there is no route.
std::string source_address(const std::string& address);

// Returns a listening socket on that address only. `port` 0 selects a free port. Throws Error{peers_unreachable} if other
// programs hold the port and the `spare_ports` after it, or if this host does not have the address.
int listen_on(const std::string& address, int port, int spare_ports = 0);
// Returns this host's port of a socket; 0 for a socket that has none.
int port_of(int fd);
// Returns the port in an address of TCP/IP; 0 for another address.
int port_in(const sockaddr_storage& address);

// Returns the host name of the system, printable in a message.
std::string host_name();

}  // namespace hpcai::distributed
