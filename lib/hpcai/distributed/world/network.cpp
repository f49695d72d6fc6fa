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
#include <set>
#include <utility>

#include "hpcai/core/error.h"

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
    throw Error(ExitCode::peers_unreachable, fmt::format("network: host {}: {}", host, gai_strerror(error)),
                "Check the name of the host of rank 0, or give its address in MASTER_ADDR.");
  }
  return {found, freeaddrinfo};
}

std::string text_of(const sockaddr* address, socklen_t size) {
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

}  // namespace

std::vector<std::string> resolve(const std::string& host) {
  const auto list = look_up(host, 0, 0, SOCK_STREAM);
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

bool is_loopback(const std::string& address) { return address.starts_with("127.") || address == "::1"; }

std::string source_address(const std::string& address) {
  // Connecting a datagram socket sends nothing, it only makes the kernel choose the route.
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
    const int on = 1;  // a port that the last run has just left may be taken again
    if (listener.fd() >= 0 && setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(listener.fd(), target->ai_addr, target->ai_addrlen) == 0 && listen(listener.fd(), SOMAXCONN) == 0) {
      return listener.release();
    }
    reason = errno;
    if (reason != EADDRINUSE) break;
  }
  const std::string cause = reason == EADDRINUSE ? "another program is listening there" : std::strerror(reason);
  throw Error(ExitCode::peers_unreachable,
              fmt::format("network: rank 0 cannot listen on {}, port {}{}: {}", address, port,
                          spare_ports > 0 ? fmt::format(" to {}", last) : "", cause),
              "Wait until the other program has ended, or choose another port with --set distributed.port=PORT "
              "(0 lets the program choose) or MASTER_PORT.");
}

int port_of(int listen_fd) {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (getsockname(listen_fd, reinterpret_cast<sockaddr*>(&own), &size) != 0) return 0;
  const auto* six = reinterpret_cast<const sockaddr_in6*>(&own);
  const auto* four = reinterpret_cast<const sockaddr_in*>(&own);
  return ntohs(own.ss_family == AF_INET6 ? six->sin6_port : four->sin_port);
}

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace hpcai::distributed
