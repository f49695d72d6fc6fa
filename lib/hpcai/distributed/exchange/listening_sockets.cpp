#include "hpcai/distributed/exchange/listening_sockets.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include <filesystem>
#include <system_error>

#include "hpcai/core/text.h"

namespace hpcai::distributed {

std::set<int> listening_sockets() {
  std::set<int> found;
  std::error_code ignored;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", ignored), end; entry != end; entry.increment(ignored)) {
    const auto fd = parse_number<int>(entry->path().filename().native());
    int listens = 0;
    socklen_t size = sizeof listens;
    if (fd && getsockopt(*fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0) found.insert(*fd);
  }
  return found;
}

void refuse_further_connections(int listen_fd) {
  sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);  // keeps 0 bytes of each packet
  const sock_fprog program{.len = 1, .filter = &drop_all};
  setsockopt(listen_fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

}  // namespace hpcai::distributed
