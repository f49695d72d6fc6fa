#include "hpcai/distributed/meeting/key_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/open_files.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/threads/start.h"
#include "hpcai/distributed/meeting/greeting.h"
#include "hpcai/distributed/meeting/key_protocol.h"

namespace hpcai::distributed {
namespace {

using namespace std::chrono_literals;

constexpr auto kGreetingLimit = 5s;  // time for the greeting of a new connection
constexpr auto kFarewellLimit = 2s;
constexpr int64_t kLongestWait_ms = 1000LL * 3600 * 24 * 30;

// The most strangers: an eighth of the descriptors. Data, checkpoints and the backend need the rest.
size_t strangers_for(size_t file_limit) { return std::clamp<size_t>(file_limit / 8, 8, 256); }

}  // namespace

struct KeyServer::Client {
  int fd = -1;
  enum class State { arrived, challenged, known, closed } state = State::arrived;
  SteadyClock::time_point deadline;  // of the greeting
  std::string first, second;         // the two random numbers of the greeting
  std::optional<Seal> seal;          // of a greeted connection; a connection within this process has none
  std::string in, out;               // bytes of an incomplete message received; bytes still to be sent
  bool ready = true;                 // whether poll() reported an event
  int rank = -1;                     // set by the first sign of life
  bool departed = false;             // whether the farewell has arrived
  // A pending Request::wait: its keys and its deadline.
  std::optional<std::vector<std::string>> wanted;
  SteadyClock::time_point wanted_until;

  bool is_stranger() const { return state < State::known; }
};

KeyServer::KeyServer(int listen_fd, std::string secret, int world_size)
    : acceptor_(listen_fd),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      secret_(std::move(secret)),
      world_size_(world_size),
      most_strangers_(strangers_for(raise_open_file_limit())) {
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
  close(wake_fd_);
}

void KeyServer::wake() {
  const uint64_t one = 1;
  if (write(wake_fd_, &one, sizeof one) < 0) return;  // the counter is full, so poll() returns anyway
}

void KeyServer::warn_once(bool& warned, const char* text) {
  if (!warned) log::warning("{}", text);
  warned = true;
}

std::unique_ptr<Connection> KeyServer::connect_locally() {
  int ends[2];
  std::lock_guard lock(mutex_);
  int result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
  if (result != 0) {
    close_strangers();
    remove_dropped();
    result = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
  }
  if (result != 0) {
    throw Error(ExitCode::peers_unreachable,
                fmt::format("rank 0 cannot open a connection to its own server: {}", std::strerror(errno)),
                "Raise the limit of open files (ulimit -n).");
  }
  add_client(ends[0], true);
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
    if (announced_reason_) patience = 2 * limits_.beat;  // a lost rank sends no farewell
    for (Client& client : clients_) {
      if (client.rank > 0 && !announced_reason_) {
        send(client, Packer().number(static_cast<int64_t>(Reply::end)).number(failed).bytes());
      }
    }
  }
  const auto all_departed = [this] {
    std::lock_guard lock(mutex_);
    return std::ranges::all_of(clients_, [](const Client& client) { return client.rank <= 0 || client.departed; });
  };
  for (const auto end = SteadyClock::now() + patience; !all_departed() && SteadyClock::now() < end;) {
    std::this_thread::sleep_for(2ms);
  }
}

void KeyServer::run() {
  while (true) {
    wait_for_events();
    std::lock_guard lock(mutex_);
    if (stop_) return;
    try {
      run_once();
    } catch (const std::bad_alloc&) {  // closing strangers frees memory
      close_strangers();
    }
    remove_dropped();
  }
}

void KeyServer::run_once() {
  accept_clients();
  for (Client& client : clients_) {
    if ((client.ready && !serve(client)) || is_overdue(client)) drop(client);
  }
  answer_waiting();
  announce_reason();
}

std::chrono::milliseconds KeyServer::longest_pause() const {
  if (acceptor_.socket_to_poll(SteadyClock::now()) < 0) return 10ms;  // during the pause of the acceptor
  if (!monitor_) return 100ms;
  return std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(limits_.beat / 2), 5ms, 100ms);
}

// Sleeps until a socket is ready or the pause is over.
void KeyServer::wait_for_events() {
  std::vector<pollfd> entries;
  std::chrono::milliseconds pause{};
  {
    std::lock_guard lock(mutex_);
    entries = {{wake_fd_, POLLIN, 0}, {acceptor_.socket_to_poll(SteadyClock::now()), POLLIN, 0}};
    for (const Client& client : clients_) {
      entries.push_back({client.fd, static_cast<short>(client.out.empty() ? POLLIN : POLLIN | POLLOUT), 0});
    }
    pause = longest_pause();
  }
  poll(entries.data(), entries.size(), static_cast<int>(pause.count()));
  uint64_t count = 0;
  const bool called = read(wake_fd_, &count, sizeof count) > 0;
  // Other threads may have appended clients since the list of entries was made. `entry` therefore follows the list and skips
  // clients that it does not know.
  std::lock_guard lock(mutex_);
  auto entry = entries.begin() + 2;
  for (Client& client : clients_) {
    const bool known = entry != entries.end() && entry->fd == client.fd;
    client.ready = known ? entry->revents != 0 : called;
    if (known) ++entry;
  }
}

bool KeyServer::is_overdue(const Client& client) const { return client.is_stranger() && SteadyClock::now() > client.deadline; }

void KeyServer::accept_clients() {
  const Acceptor::Batch batch = acceptor_.take(SteadyClock::now());
  if (batch.out_of_descriptors) {
    warn_once(warned_of_flood_, "this process may not open more files; connections of strangers to its port are closed");
    close_strangers();
  }
  for (const int fd : batch.sockets) {
    make_room_for_stranger();
    add_client(fd, false);
  }
}

KeyServer::Client& KeyServer::add_client(int fd, bool greeted) {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  Client& client = clients_.emplace_back();
  client.fd = fd;
  client.state = greeted ? Client::State::known : Client::State::arrived;
  client.deadline = SteadyClock::now() + kGreetingLimit;
  return client;
}

// Closes one stranger if there are too many: the oldest one that has sent nothing, or else the oldest one.
void KeyServer::make_room_for_stranger() {
  const auto strangers = std::ranges::count_if(clients_, &Client::is_stranger);
  if (static_cast<size_t>(strangers) < most_strangers_) return;
  warn_once(warned_of_flood_, "very many connections come to the port where the ranks meet; those of strangers are closed");
  auto victim = std::ranges::find(clients_, Client::State::arrived, &Client::state);
  if (victim == clients_.end()) victim = std::ranges::find_if(clients_, &Client::is_stranger);
  drop(*victim);
}

void KeyServer::close_strangers() {
  for (Client& client : clients_) {
    if (client.is_stranger()) drop(client);
  }
}

// Reads the available bytes and answers the complete messages. Returns false if the client has gone or is not a rank of this job.
bool KeyServer::serve(Client& client) {
  if (client.state == Client::State::closed) return false;
  char bytes[65536];
  const ssize_t got = recv(client.fd, bytes, sizeof bytes, 0);
  const bool open = got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
  if (got > 0) client.in.append(bytes, static_cast<size_t>(got));
  try {
    std::string message;
    while (take_message(client.in, message, client.is_stranger() ? kLongestGreeting : kLongestMessage)) {
      handle(client, message);
    }
  } catch (const ForgedMessage&) {
    warn_once(warned_of_forgery_, "a message to rank 0 was forged or altered on its way; its connection is closed");
    return false;
  } catch (const std::runtime_error&) {
    warn_once(warned_of_strangers_, "a program that is not of this job has connected to its port, and was refused");
    return false;
  }
  flush(client);
  return open;
}

// Throws ForgedMessage for a message that the greeted client has not sent.
void KeyServer::handle(Client& client, const std::string& message) {
  if (client.is_stranger()) return greet(client, message);
  if (!client.seal) return answer(client, message);
  const auto content = client.seal->opened(message);
  if (!content) throw ForgedMessage("forged");
  answer(client, *content);
}

// Throws std::runtime_error for a message that a rank of this job never sends.
void KeyServer::answer(Client& client, const std::string& message) {
  Unpacker fields(message);
  const int64_t request = fields.number();
  if (request == static_cast<int64_t>(Request::beat)) return take_sign_of_life(client, fields);
  if (request == static_cast<int64_t>(Request::farewell)) return take_farewell(client, fields);
  if (request == static_cast<int64_t>(Request::wait)) {
    const int64_t limit_ms = std::clamp<int64_t>(fields.number(), 0, kLongestWait_ms);
    client.wanted_until = SteadyClock::now() + std::chrono::milliseconds(limit_ms);
    client.wanted = unpack_keys(fields);
    return;
  }
  send(client, keys_.answer(request, fields));
}

// Throws std::runtime_error for a stranger that does not follow the greeting or does not know the secret.
void KeyServer::greet(Client& client, const std::string& message) {
  Unpacker fields(message);
  if (client.state == Client::State::arrived) {
    if (fields.text() != kMagic) throw std::runtime_error("not a rank");
    client.first = fields.text();
    client.second = random_number();
    client.state = Client::State::challenged;
    return send(client, Packer().text(client.second).text(proof(secret_, "rank 0", client.first, client.second)).bytes());
  }
  if (!same_digest(fields.text(), proof(secret_, "rank", client.first, client.second))) {
    throw std::runtime_error("not of this job");
  }
  client.state = Client::State::known;
  client.seal = session_seal(secret_, Seal::End::rank0, client.first, client.second);
  send(client, std::string(kWelcome));
}

int KeyServer::rank_from(Unpacker& fields) const {
  const int64_t rank = fields.number();
  if (rank < 0 || rank >= world_size_) throw std::runtime_error("no rank of this job");
  return static_cast<int>(rank);
}

void KeyServer::take_farewell(Client& client, Unpacker& fields) {
  client.rank = rank_from(fields);
  client.departed = true;
  const bool failed = fields.number() != 0;
  if (monitor_) monitor_->left(client.rank, failed);
  send(client, Packer().number(static_cast<int64_t>(Reply::end)).number(0).bytes());
}

void KeyServer::take_sign_of_life(Client& client, Unpacker& fields) {
  client.rank = rank_from(fields);
  const auto status = unpack_status(fields);
  const bool broken = fields.number() != 0;
  if (announced_reason_) return send(client, *announced_reason_);
  if (!monitor_) return;
  monitor_->beat(client.rank, status, broken, SteadyClock::now());
  Packer reply;
  pack_status(reply.number(static_cast<int64_t>(Reply::alive)), monitor_->status_of(0));
  if (client.rank != 0) return send(client, reply.bytes());
  // All ranks receive the status of rank 0 at once. They need it to report where rank 0 was when it was lost.
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

void KeyServer::announce_reason() {
  if (!monitor_ || announced_reason_) return;
  const auto& reason = monitor_->judge(SteadyClock::now());
  if (!reason) return;
  Packer message;
  message.number(static_cast<int64_t>(Reply::end_reason)).number(static_cast<int64_t>(reason->code));
  message.text(reason->text).text(reason->remedy).number(static_cast<int64_t>(reason->ranks.size()));
  for (const int rank : reason->ranks) message.number(rank);
  announced_reason_ = message.bytes();
  for (Client& client : clients_) {
    if (client.rank >= 0 && !client.departed) send(client, *announced_reason_);
  }
}

void KeyServer::drop(Client& client) {
  if (client.rank >= 0 && !client.departed && monitor_) monitor_->vanished(client.rank);
  client.state = Client::State::closed;
}

void KeyServer::remove_dropped() {
  std::erase_if(clients_, [](const Client& client) {
    if (client.state == Client::State::closed) close(client.fd);
    return client.state == Client::State::closed;
  });
}

void KeyServer::send(Client& client, const std::string& message) {
  client.out += framed(client.seal ? client.seal->sealed(message) : message);
  flush(client);
}

void KeyServer::flush(Client& client) {
  while (!client.out.empty()) {
    const ssize_t sent = ::send(client.fd, client.out.data(), client.out.size(), MSG_NOSIGNAL);
    // A full buffer: poll() reports when the socket is ready again. A lost connection: the next recv() reports it.
    if (sent <= 0) return;
    client.out.erase(0, static_cast<size_t>(sent));
  }
}

}  // namespace hpcai::distributed
