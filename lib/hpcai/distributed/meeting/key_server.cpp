#include "hpcai/distributed/meeting/key_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

#include "hpcai/core/log.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/threads/start.h"
#include "hpcai/distributed/meeting/greeting.h"
#include "hpcai/distributed/meeting/key_protocol.h"
#include "hpcai/distributed/world/network.h"

namespace hpcai::distributed {
namespace {

using namespace std::chrono_literals;

constexpr auto kGreetingLimit = 5s;  // a stranger that connects and says nothing is shown the door
constexpr size_t kMostStrangers = 4096;
constexpr auto kFarewellLimit = 2s;

// Every rank holds two connections; the usual soft limit is 1024 files.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

struct KeyServer::Client {
  int fd = -1;
  enum class State { arrived, challenged, known, closed } state = State::arrived;
  SteadyClock::time_point deadline;  // for the greeting
  std::string first, second;         // its random numbers
  std::string in, out;
  bool ready = true;  // poll says so
  int rank = -1;      // once it gives signs of life
  bool departed = false;
  // A request for keys that are not there yet.
  std::optional<std::vector<std::string>> wanted;
  SteadyClock::time_point wanted_until;
};

KeyServer::KeyServer(int listen_fd, std::string secret)
    : listen_fd_(listen_fd), wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), secret_(std::move(secret)) {
  raise_file_limit();
  fcntl(listen_fd_, F_SETFL, fcntl(listen_fd_, F_GETFL) | O_NONBLOCK);
  thread_ = start_thread("that serves the other ranks", [this] { run(); });
}

KeyServer::~KeyServer() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake();
  thread_.join();
  for (const Client& client : clients_) close(client.fd);
  close(listen_fd_);
  close(wake_fd_);
}

int KeyServer::port() const { return port_of(listen_fd_); }

void KeyServer::wake() {
  const uint64_t one = 1;
  if (write(wake_fd_, &one, sizeof one) < 0) return;  // it is awake already
}

std::unique_ptr<Connection> KeyServer::connect_locally() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("no pair of sockets");
  {
    std::lock_guard lock(mutex_);
    adopt(ends[0], true);
  }
  wake();
  return std::make_unique<Connection>(ends[1]);
}

void KeyServer::watch(std::vector<Peer> peers, const WatchLimits& limits) {
  std::lock_guard lock(mutex_);
  limits_ = limits;
  monitor_.emplace(std::move(peers), limits, SteadyClock::now());
  wake();
}

void KeyServer::finish(bool failed) {
  SteadyClock::duration patience = kFarewellLimit;
  {
    std::lock_guard lock(mutex_);
    if (told_) patience = 2 * limits_.beat;  // who is lost does not answer
    for (Client& client : clients_) {
      if (client.rank > 0 && !told_) send(client, Packer().number(static_cast<int64_t>(Reply::end)).number(failed).bytes());
    }
  }
  const auto all_heard = [this] {
    std::lock_guard lock(mutex_);
    return std::ranges::all_of(clients_, [](const Client& client) { return client.rank <= 0 || client.departed; });
  };
  for (const auto end = SteadyClock::now() + patience; !all_heard() && SteadyClock::now() < end;)
    std::this_thread::sleep_for(2ms);
}

void KeyServer::run() {
  while (true) {
    poll_once();
    std::lock_guard lock(mutex_);
    if (stop_) return;
    accept_clients();
    for (Client& client : clients_) {
      if ((client.ready && !serve(client)) || overdue(client)) drop(client);
    }
    answer_waiting();
    judge();
    std::erase_if(clients_, [](const Client& client) {
      if (client.state == Client::State::closed) close(client.fd);
      return client.state == Client::State::closed;
    });
  }
}

// Sleeps until something happens, or for as long as nothing is due.
void KeyServer::poll_once() {
  std::vector<pollfd> entries{{wake_fd_, POLLIN, 0}, {listen_fd_, POLLIN, 0}};
  std::chrono::milliseconds pause{100};
  {
    std::lock_guard lock(mutex_);
    for (const Client& client : clients_) {
      entries.push_back({client.fd, static_cast<short>(client.out.empty() ? POLLIN : POLLIN | POLLOUT), 0});
    }
    if (monitor_) pause = std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(limits_.beat / 2), 5ms, 100ms);
  }
  poll(entries.data(), entries.size(), static_cast<int>(pause.count()));
  uint64_t count = 0;
  const bool called = read(wake_fd_, &count, sizeof count) > 0;
  std::lock_guard lock(mutex_);
  auto entry = entries.begin() + 2;
  for (Client& client : clients_) client.ready = entry == entries.end() ? called : (entry++)->revents != 0;
}

bool KeyServer::overdue(const Client& client) const {
  return client.state != Client::State::known && SteadyClock::now() > client.deadline;
}

void KeyServer::accept_clients() {
  while (true) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const auto strangers =
        std::ranges::count_if(clients_, [](const Client& client) { return client.state < Client::State::known; });
    if (static_cast<size_t>(strangers) >= kMostStrangers) {
      close(fd);
    } else {
      adopt(fd, false);
    }
  }
}

void KeyServer::adopt(int fd, bool greeted) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Client& client = clients_.emplace_back();
  client.fd = fd;
  client.state = greeted ? Client::State::known : Client::State::arrived;
  client.deadline = SteadyClock::now() + kGreetingLimit;
}

// Reads what there is and answers. False when the client is gone, or is not one of us.
bool KeyServer::serve(Client& client) {
  char bytes[65536];
  const ssize_t got = recv(client.fd, bytes, sizeof bytes, 0);
  const bool open = got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
  if (got > 0) client.in.append(bytes, static_cast<size_t>(got));
  try {
    std::string message;
    while (take_message(client.in, message, client.state == Client::State::known ? kLongestMessage : kLongestGreeting)) {
      handle(client, message);
    }
  } catch (const std::runtime_error&) {
    if (!refused_) log::warning("somebody who is not of this job has connected to its port, and was refused");
    refused_ = true;
    return false;
  }
  flush(client);
  return open;
}

void KeyServer::handle(Client& client, const std::string& message) {
  if (client.state != Client::State::known) return greet(client, message);
  Unpacker fields(message);
  const int64_t request = fields.number();
  if (request == static_cast<int64_t>(Request::beat) || request == static_cast<int64_t>(Request::farewell)) {
    return hear(client, request, fields);
  }
  if (request == static_cast<int64_t>(Request::wait)) {
    client.wanted_until = SteadyClock::now() + std::chrono::milliseconds(fields.number());
    client.wanted = unpack_keys(fields);
    return;
  }
  send(client, keys_.answer(request, fields));
}

// Throws std::runtime_error for a stranger.
void KeyServer::greet(Client& client, const std::string& message) {
  Unpacker fields(message);
  if (client.state == Client::State::arrived) {
    if (fields.text() != kMagic) throw std::runtime_error("not a rank");
    client.first = fields.text();
    client.second = random_number();
    client.state = Client::State::challenged;
    return send(client, Packer().text(client.second).text(proof(secret_, "rank 0", client.first, client.second)).bytes());
  }
  if (!same_digest(fields.text(), proof(secret_, "rank", client.first, client.second)))
    throw std::runtime_error("not of this job");
  client.state = Client::State::known;
  send(client, std::string(kWelcome));
}

void KeyServer::hear(Client& client, int64_t request, Unpacker& fields) {
  client.rank = static_cast<int>(fields.number());
  if (request == static_cast<int64_t>(Request::farewell)) {
    client.departed = true;
    if (monitor_) monitor_->left(client.rank, fields.number() != 0);
    return send(client, Packer().number(static_cast<int64_t>(Reply::end)).number(0).bytes());
  }
  const auto status = unpack_status(fields);
  const bool broken = fields.number() != 0;
  if (told_) return send(client, told_verdict_);
  if (!monitor_) return;
  monitor_->beat(client.rank, status, broken, SteadyClock::now());
  Packer reply;
  pack_status(reply.number(static_cast<int64_t>(Reply::alive)), monitor_->status_of(0));
  if (client.rank != 0) return send(client, reply.bytes());
  // Where rank 0 is, all others know without asking, should it be lost.
  for (Client& other : clients_) {
    if (other.rank >= 0 && !other.departed) send(other, reply.bytes());
  }
}

void KeyServer::answer_waiting() {
  const auto now = SteadyClock::now();
  for (Client& client : clients_) {
    if (!client.wanted || client.state == Client::State::closed) continue;
    const auto values = keys_.values(*client.wanted);
    if (!values && now < client.wanted_until) continue;
    client.wanted.reset();
    send(client, values ? *values : Packer().number(0).bytes());
  }
}

void KeyServer::judge() {
  if (!monitor_ || told_) return;
  const auto& verdict = monitor_->judge(SteadyClock::now());
  if (!verdict) return;
  Packer message;
  message.number(static_cast<int64_t>(Reply::verdict)).number(static_cast<int64_t>(verdict->code));
  message.text(verdict->text).text(verdict->remedy);
  told_ = true;
  told_verdict_ = message.bytes();
  for (Client& client : clients_) {
    if (client.rank >= 0 && !client.departed) send(client, told_verdict_);
  }
}

void KeyServer::drop(Client& client) {
  if (client.rank >= 0 && !client.departed && monitor_) monitor_->vanished(client.rank);
  client.state = Client::State::closed;
}

void KeyServer::send(Client& client, const std::string& message) {
  client.out += framed(message);
  flush(client);
}

void KeyServer::flush(Client& client) {
  while (!client.out.empty()) {
    const ssize_t sent = ::send(client.fd, client.out.data(), client.out.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // full: poll tells when it goes on; gone: the next recv tells
    client.out.erase(0, static_cast<size_t>(sent));
  }
}

}  // namespace hpcai::distributed
