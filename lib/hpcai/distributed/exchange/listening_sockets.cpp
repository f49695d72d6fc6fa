#include "hpcai/distributed/exchange/listening_sockets.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include <filesystem>
#include <functional>
#include <system_error>

#include "hpcai/core/text.h"
#include "hpcai/distributed/world/network.h"

namespace hpcai::distributed {

namespace {

// Calls `use` with each descriptor of this process that is a socket, and with whether it listens.
void for_each_socket(const std::function<void(int fd, bool listens)>& use) {
  std::error_code ignored;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", ignored), end; entry != end; entry.increment(ignored)) {
    const auto fd = parse_number<int>(entry->path().filename().native());
    int listens = 0;
    socklen_t size = sizeof listens;
    if (fd && getsockopt(*fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0) use(*fd, listens != 0);
  }
}

}  // namespace

std::set<int> listening_sockets() {
  std::set<int> found;
  for_each_socket([&](int fd, bool listens) {
    if (listens) found.insert(fd);
  });
  return found;
}

void refuse_further_connections(int listen_fd) {
  sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);  // keeps 0 bytes of each packet
  const sock_fprog program{.len = 1, .filter = &drop_all};
  setsockopt(listen_fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

void end_connections_at(int port) {
  for_each_socket([&](int fd, bool listens) {
    if (!listens && port_of(fd) == port) shutdown(fd, SHUT_RDWR);
  });
}

}  // namespace hpcai::distributed
