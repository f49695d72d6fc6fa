#include "hpcai/distributed/world/parent_link.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "hpcai/distributed/meeting/wire.h"

namespace hpcai::distributed {
namespace {

constexpr size_t kLongestLinkMessage = 65536;

// Sends the bytes and, if `passed` is a descriptor, a copy of it.
void send_message(int fd, const std::string& bytes, int passed = -1) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (passed >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &passed, sizeof passed);
  }
  sendmsg(fd, &message, MSG_NOSIGNAL);
}

struct Received {
  std::string bytes;
  int passed = -1;  // a descriptor that came with the message
};

int passed_descriptor(msghdr& message) {
  int passed = -1;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
      std::memcpy(&passed, CMSG_DATA(header), sizeof passed);
    }
  }
  return passed;
}

// Returns nothing if no message is there (with MSG_DONTWAIT) or if the other end is closed.
std::optional<Received> receive_message(int fd, int flags) {
  std::string buffer(kLongestLinkMessage, '\0');
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got;
  do {
    got = recvmsg(fd, &message, flags | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return std::nullopt;
  buffer.resize(static_cast<size_t>(got));
  return Received{std::move(buffer), passed_descriptor(message)};
}

}  // namespace

std::pair<int, int> make_parent_link() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw std::runtime_error(fmt::format("cannot make a socket pair: {}", std::strerror(errno)));
  }
  return {ends[0], ends[1]};
}

void send_call(int fd, const MeetingCall& call) {
  send_message(fd, Packer().number(call.port).text(call.job).number(call.restarts).bytes(), call.listen_fd);
}

void send_report(int fd, const LossReport& report) {
  Packer message;
  message.number(report.restarts).number(report.step).number(static_cast<int64_t>(report.lost.size()));
  for (const int rank : report.lost) message.number(rank);
  send_message(fd, message.bytes());
}

std::optional<LossReport> receive_report(int fd) {
  const auto received = receive_message(fd, MSG_DONTWAIT);
  if (!received) return std::nullopt;
  Unpacker fields(received->bytes);
  LossReport report;
  report.restarts = static_cast<int>(fields.number());
  report.step = fields.number();
  for (int64_t left = fields.number(); left > 0; --left) report.lost.push_back(static_cast<int>(fields.number()));
  return report;
}

std::optional<MeetingCall> wait_for_call(int fd) {
  std::optional<MeetingCall> newest;
  while (const auto received = receive_message(fd, newest ? MSG_DONTWAIT : 0)) {
    Unpacker fields(received->bytes);
    if (newest && newest->listen_fd >= 0) close(newest->listen_fd);
    newest = MeetingCall{static_cast<int>(fields.number()), fields.text(), static_cast<int>(fields.number()), received->passed};
  }
  return newest;
}

bool is_called(int fd, std::chrono::milliseconds limit) {
  if (fd < 0) return false;
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, static_cast<int>(limit.count())) > 0;
}

}  // namespace hpcai::distributed
