#include "hpcai/distributed/exchange/process_sockets.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "hpcai/core/text.h"
#include "hpcai/distributed/world/network.h"

namespace hpcai::distributed {
namespace {

int peer_port_of(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  return getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 ? port_in(peer) : 0;
}

std::optional<TcpSocket> describe_socket(int fd) {
  int listens = 0;
  socklen_t size = sizeof listens;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0) return std::nullopt;
  const TcpSocket socket{listens != 0, port_of(fd), listens != 0 ? 0 : peer_port_of(fd)};
  const bool complete = socket.port > 0 && (socket.listens || socket.peer_port > 0);
  return complete ? std::make_optional(socket) : std::nullopt;
}

}  // namespace

TcpSockets process_sockets() {
  TcpSockets found;
  std::error_code ignored;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", ignored), end; entry != end; entry.increment(ignored)) {
    const auto fd = parse_number<int>(entry->path().filename().native());
    const auto socket = fd ? describe_socket(*fd) : std::nullopt;
    if (socket) found.emplace(*fd, *socket);
  }
  return found;
}

TcpSockets opened_since(const TcpSockets& before, const TcpSockets& now) {
  std::set<int> served, used;  // ports that this process has listened at, and those of others that it was connected to
  for (const auto& [fd, socket] : before) socket.listens ? served.insert(socket.port) : used.insert(socket.peer_port);
  TcpSockets opened;
  for (const auto& [fd, socket] : now) {
    if (!served.contains(socket.port) && !used.contains(socket.peer_port)) opened.emplace(fd, socket);
  }
  return opened;
}

void refuse_further_connections(const TcpSockets& sockets) {
  sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);  // keeps 0 bytes of each packet
  const sock_fprog program{.len = 1, .filter = &drop_all};
  for (const auto& [fd, socket] : sockets) {
    if (socket.listens) setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
  }
}

void end_connections(const TcpSockets& sockets) {
  for (const auto& [fd, socket] : sockets) {
    if (!socket.listens && describe_socket(fd) == socket) shutdown(fd, SHUT_RDWR);
  }
}

}  // namespace hpcai::distributed
