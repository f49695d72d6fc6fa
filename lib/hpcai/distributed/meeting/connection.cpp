#include "hpcai/distributed/meeting/connection.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace hpcai::distributed {
namespace {

// Waits until the socket is ready for `events`. Returns false at the deadline.
bool ready(int fd, short events, SteadyClock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
    pollfd entry{fd, events, 0};
    const int result = poll(&entry, 1, static_cast<int>(std::clamp<int64_t>(left + 1, 0, 60'000)));
    if (result > 0) return true;
    if (result < 0 && errno != EINTR) throw ConnectionLost(std::strerror(errno));
    if (SteadyClock::now() >= deadline) return false;
  }
}

}  // namespace

Connection::Connection(int fd) : fd_(fd) {
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
  const int on = 1;  // the messages are short, and each one waits for an answer
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Connection::~Connection() { close(fd_); }

void Connection::send(std::string_view message, SteadyClock::time_point deadline) {
  const std::string bytes = framed(seal_ ? seal_->sealed(message) : message);
  for (std::string_view rest = bytes; !rest.empty();) {
    const ssize_t sent = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      rest.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!ready(fd_, POLLOUT, deadline)) throw ConnectionLost("the other side takes no message");
    } else if (errno != EINTR) {
      throw ConnectionLost(std::strerror(errno));
    }
  }
}

// Returns the next message if all of it has arrived.
std::optional<std::string> Connection::take() {
  std::string message;
  try {
    if (!take_message(buffer_, message, longest_)) return std::nullopt;
  } catch (const std::runtime_error& error) {
    throw ConnectionLost(error.what());
  }
  if (!seal_) return message;
  if (auto content = seal_->opened(message)) return content;
  throw ForgedMessage("a message was forged or altered on its way");
}

std::optional<std::string> Connection::receive(SteadyClock::time_point deadline) {
  while (true) {
    if (auto message = take()) return message;
    if (!ready(fd_, POLLIN, deadline)) return std::nullopt;
    char bytes[65536];
    const ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
    if (got > 0) {
      buffer_.append(bytes, static_cast<size_t>(got));
    } else if (got == 0) {
      throw ConnectionLost("the other side has closed the connection");
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      throw ConnectionLost(std::strerror(errno));
    }
  }
}

int connect_to(const std::string& address, int port, std::chrono::milliseconds limit) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return -1;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int error = 0;
  socklen_t size = sizeof error;
  const bool begun = connect(fd, found->ai_addr, found->ai_addrlen) == 0 || errno == EINPROGRESS;
  if (begun && ready(fd, POLLOUT, SteadyClock::now() + limit) && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
      error == 0) {
    return fd;
  }
  close(fd);
  return -1;
}

}  // namespace hpcai::distributed
