#include "hpcai/distributed/world/network.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/open_files.h"
#include "hpcai/core/text.h"

namespace hpcai::distributed {
namespace {

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

AddressList look_up(const std::string& host, int port, int flags, int type) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = type;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    throw Error(ExitCode::peers_unreachable, fmt::format("network: host {}: {}", printable(host, 200), gai_strerror(error)),
                "Check the name of the host of rank 0, or give its address in MASTER_ADDR.");
  }
  return {found, freeaddrinfo};
}

// An IPv4 address in its IPv6 form, ::ffff:a.b.c.d, becomes a.b.c.d: sockets for IPv6 may not take the other form.
std::string text_of(const sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_INET6) {
    const in6_addr& six = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    char four[INET_ADDRSTRLEN];
    if (IN6_IS_ADDR_V4MAPPED(&six) && inet_ntop(AF_INET, &six.s6_addr[12], four, sizeof four) != nullptr) return four;
  }
  char text[NI_MAXHOST];
  if (getnameinfo(address, size, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) return "";
  return text;
}

void ipv4_first(std::vector<std::string>& addresses) {
  std::stable_partition(addresses.begin(), addresses.end(), [](const auto& a) { return a.find(':') == a.npos; });
}

std::vector<std::string> interface_addresses(const std::function<bool(const ifaddrs&)>& wanted) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  std::vector<std::string> addresses;
  for (const ifaddrs* entry = list; entry; entry = entry->ifa_next) {
    if (!entry->ifa_addr || !(entry->ifa_flags & IFF_UP) || !wanted(*entry)) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    addresses.push_back(text_of(entry->ifa_addr, family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)));
  }
  ipv4_first(addresses);
  return addresses;
}

// Returns the address in binary, an IPv4 address in its IPv6 form (::ffff:a.b.c.d). Nothing for other text.
std::optional<in6_addr> parse_address(const std::string& address) {
  in6_addr six{};
  const std::string without_zone = address.substr(0, address.find('%'));
  if (inet_pton(AF_INET6, without_zone.c_str(), &six) == 1) return six;
  in_addr four{};
  if (inet_pton(AF_INET, address.c_str(), &four) != 1) return std::nullopt;
  six.s6_addr[10] = six.s6_addr[11] = 0xff;
  std::memcpy(&six.s6_addr[12], &four, sizeof four);
  return six;
}

bool is_name_of_loopback(const std::string& host) {
  const std::string name = lower_case(host);
  return name.starts_with("localhost") || name.ends_with("localhost") || name == "ip6-loopback";
}

std::string without_brackets(const std::string& host) {
  return host.size() > 2 && host.front() == '[' && host.back() == ']' ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

std::vector<std::string> resolve(const std::string& given) {
  const std::string host = without_brackets(given);
  AddressList list(nullptr, freeaddrinfo);
  try {
    list = look_up(host, 0, 0, SOCK_STREAM);
  } catch (const Error&) {
    if (!is_name_of_loopback(host)) throw;
    return {lower_case(host).starts_with("ip6") ? "::1" : "127.0.0.1"};
  }
  std::vector<std::string> addresses;
  for (const addrinfo* entry = list.get(); entry; entry = entry->ai_next) {
    addresses.push_back(text_of(entry->ai_addr, entry->ai_addrlen));
  }
  ipv4_first(addresses);
  return addresses;
}

std::vector<std::string> addresses_of_interface(const std::string& name) {
  std::set<std::string> names;
  auto addresses = interface_addresses([&](const ifaddrs& entry) {
    names.insert(entry.ifa_name);
    return name == entry.ifa_name;
  });
  if (addresses.empty()) {
    throw Error(ExitCode::usage,
                fmt::format("distributed.interface: {} has no network interface \"{}\" with an address", host_name(), name),
                fmt::format("There are: {}.", fmt::join(names, ", ")));
  }
  return addresses;
}

std::vector<std::string> local_addresses() {
  return interface_addresses([](const ifaddrs&) { return true; });
}

bool is_numeric_address(const std::string& text) { return parse_address(text).has_value(); }

bool is_loopback(const std::string& address) {
  const auto parsed = parse_address(address);
  if (!parsed) return false;
  return IN6_IS_ADDR_LOOPBACK(&*parsed) || (IN6_IS_ADDR_V4MAPPED(&*parsed) && parsed->s6_addr[12] == 127);
}

bool is_unspecified(const std::string& address) {
  const auto parsed = parse_address(address);
  if (!parsed) return false;
  const in6_addr four = *parse_address("0.0.0.0");
  return IN6_IS_ADDR_UNSPECIFIED(&*parsed) || IN6_ARE_ADDR_EQUAL(&*parsed, &four);
}

bool means_this_host(const std::string& given) {
  const std::string host = without_brackets(given);
  if (is_loopback(host)) return true;
  if (is_name_of_loopback(host)) return std::ranges::all_of(resolve(host), is_loopback);
  // Short forms of a numeric address, such as 127.1.
  if (host.empty() || host.find_first_not_of("0123456789.") != host.npos) return false;
  return std::ranges::all_of(resolve(host), is_loopback);
}

std::string outward_address() {
  // Addresses for documentation (RFC 5737, RFC 3849): only the route to them matters.
  for (const char* far : {"198.51.100.1", "2001:db8::1"}) {
    const std::string own = source_address(far);
    if (!own.empty() && !is_loopback(own)) return own;
  }
  for (const std::string& address : local_addresses()) {
    if (!is_loopback(address)) return address;
  }
  return "127.0.0.1";
}

std::string source_address(const std::string& address) {
  // Connecting a datagram socket sends no packet; it makes the kernel choose the route.
  const auto target = look_up(address, 9, 0, SOCK_DGRAM);
  const Socket probe(socket(target->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (probe.fd() < 0 || connect(probe.fd(), target->ai_addr, target->ai_addrlen) != 0 ||
      getsockname(probe.fd(), reinterpret_cast<sockaddr*>(&own), &size) != 0) {
    return "";
  }
  return text_of(reinterpret_cast<const sockaddr*>(&own), size);
}

int listen_on(const std::string& address, int port, int spare_ports) {
  const int last = port + spare_ports;
  int reason = 0;
  for (int tried = port; tried <= last; ++tried) {
    const auto target = look_up(address, tried, AI_NUMERICHOST | AI_PASSIVE, SOCK_STREAM);
    Socket listener(socket(target->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;  // the kernel still holds a port for some time after the last run has closed it
    if (listener.fd() >= 0 && setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(listener.fd(), target->ai_addr, target->ai_addrlen) == 0 && listen(listener.fd(), SOMAXCONN) == 0) {
      return listener.release();
    }
    reason = errno;
    if (reason != EADDRINUSE) break;
  }
  if (is_open_file_limit(reason)) throw open_file_limit("rank 0 cannot listen for the other ranks", reason);
  std::string cause = std::strerror(reason), remedy = "Set MASTER_ADDR to an address of the host of rank 0.";
  if (reason == EADDRINUSE) {
    cause = "another program is listening there";
    remedy =
        "If two processes of this run are rank 0 (RANK), give each rank a number of its own. Else wait until the other "
        "program has ended, or choose another port with --set distributed.port=PORT (0 lets the program choose) or MASTER_PORT.";
  }
  if (reason == EACCES) remedy = "Choose a port from 1024 to 65535 with --set distributed.port=PORT or MASTER_PORT.";
  throw Error(ExitCode::peers_unreachable,
              fmt::format("network: rank 0 cannot listen on {}, port {}{}: {}", address, port,
                          spare_ports > 0 ? fmt::format(" to {}", last) : "", cause),
              remedy);
}

int port_of(int fd) {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) != 0) return 0;
  return port_in(own);
}

int port_in(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  return 0;
}

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return printable(name);
}

}  // namespace hpcai::distributed
