#include "hpcai/distributed/exchange/links.h"

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/distributed/exchange/sum_parts.h"

namespace hpcai::distributed {
namespace {

constexpr std::chrono::microseconds kPolling{500};  // time of polling before a rank sleeps; a wake-up takes a tenth
constexpr int kNapMs = 100;                         // the longest time until a sleeping rank notices abandon()

using Head = std::array<uint32_t, 2>;  // number of the exchange; bytes of its values, times 256, and their type

Head head_of(int64_t number, const at::Tensor& values) {
  return {static_cast<uint32_t>(number),
          static_cast<uint32_t>(values.nbytes() << 8) | static_cast<uint32_t>(static_cast<uint8_t>(values.scalar_type()))};
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

// The messages of all ranks, which lie one behind the other.
struct Links::Exchange {
  at::Tensor values;
  int divisor;
  Head head;
  size_t message_bytes;  // with the head
  size_t stride;         // from one message to the next; keeps the values aligned
  std::unique_ptr<std::byte[]> messages;

  Exchange(const at::Tensor& tensor, int by, int ranks, int64_t number)
      : values(tensor),
        divisor(by),
        head(head_of(number, tensor)),
        message_bytes(sizeof(Head) + tensor.nbytes()),
        stride((message_bytes + sizeof(Head) - 1) / sizeof(Head) * sizeof(Head)),
        messages(std::make_unique_for_overwrite<std::byte[]>(static_cast<size_t>(ranks) * stride)) {}

  std::byte* message(int rank) const { return messages.get() + static_cast<size_t>(rank) * stride; }
  std::byte* part(int rank) const { return message(rank) + sizeof(Head); }
};

struct Links::Link {
  int rank;  // of the other end
  std::unique_ptr<Connection> connection;
  // The exchange whose message is next, and the bytes of that message that have passed.
  struct Position {
    int64_t exchange = 0;
    size_t bytes = 0;

    void advance(size_t by, size_t message_bytes) {
      bytes += by;
      if (bytes < message_bytes) return;
      ++exchange;
      bytes = 0;
    }
  };
  Position sent, received;
};

Links::Links(int rank) : rank_(rank) {}

Links::~Links() = default;

void Links::close() { links_.clear(); }

void Links::use(std::vector<std::unique_ptr<Connection>> connections) {
  for (size_t rank = 0; rank < connections.size(); ++rank) {
    if (!connections[rank]) continue;
    links_.push_back(std::make_unique<Link>());
    links_.back()->rank = static_cast<int>(rank);
    links_.back()->connection = std::move(connections[rank]);
  }
}

int64_t Links::start(const at::Tensor& values, int divisor) {
  const int64_t number = started_++;
  const auto& exchange =
      exchanges_.try_emplace(number, values, divisor, static_cast<int>(links_.size()) + 1, number).first->second;
  std::memcpy(exchange.message(rank_), exchange.head.data(), sizeof(Head));
  std::memcpy(exchange.part(rank_), values.const_data_ptr(), values.nbytes());
  move_some();
  return number;
}

// Sends what the socket takes. Returns whether it took something.
bool Links::send_some(Link& link) {
  bool moved = false;
  while (link.sent.exchange < started_) {
    const Exchange& exchange = exchanges_.at(link.sent.exchange);
    const ssize_t bytes = ::send(link.connection->fd(), exchange.message(rank_) + link.sent.bytes,
                                 exchange.message_bytes - link.sent.bytes, MSG_NOSIGNAL);
    if (bytes < 0 && would_block()) return moved;
    if (bytes < 0) throw ConnectionLost(std::strerror(errno));
    link.sent.advance(static_cast<size_t>(bytes), exchange.message_bytes);
    moved = true;
  }
  return moved;
}

// Receives what has arrived of the started exchanges. Returns whether there was something.
bool Links::receive_some(Link& link) {
  bool moved = false;
  while (link.received.exchange < started_) {
    const Exchange& exchange = exchanges_.at(link.received.exchange);
    std::byte* const message = exchange.message(link.rank);
    const ssize_t bytes =
        recv(link.connection->fd(), message + link.received.bytes, exchange.message_bytes - link.received.bytes, 0);
    if (bytes < 0 && would_block()) return moved;
    if (bytes < 0) throw ConnectionLost(std::strerror(errno));
    if (bytes == 0) throw ConnectionLost("the other side has closed the connection");
    const size_t there = link.received.bytes + static_cast<size_t>(bytes);
    if (there >= sizeof(Head) && std::memcmp(message, exchange.head.data(), sizeof(Head)) != 0) {
      throw Error(ExitCode::ranks_disagree, "the ranks are in different exchanges: they add different tensors",
                  "Start all ranks with the same program and the same settings.");
    }
    link.received.advance(static_cast<size_t>(bytes), exchange.message_bytes);
    moved = true;
  }
  return moved;
}

bool Links::move_some() {
  bool moved = false;
  for (const auto& link : links_) {
    moved |= send_some(*link);
    moved |= receive_some(*link);
  }
  return moved;
}

bool Links::is_complete(int64_t number) const {
  for (const auto& link : links_) {
    if (link->sent.exchange <= number || link->received.exchange <= number) return false;
  }
  return true;
}

// Waits until a socket is ready, or for a nap.
void Links::sleep(int64_t number) const {
  std::vector<pollfd> entries;
  for (const auto& link : links_) {
    const bool receives = link->received.exchange <= number, sends = link->sent.exchange < started_;
    if (receives || sends) {
      entries.push_back({link->connection->fd(), static_cast<short>((receives ? POLLIN : 0) | (sends ? POLLOUT : 0)), 0});
    }
  }
  poll(entries.data(), entries.size(), kNapMs);
}

void Links::finish(int64_t number) {
  const auto end = Clock::now() + kPolling;
  while (!is_complete(number)) {
    if (move_some()) continue;
    if (abandoned_) throw std::runtime_error("given up");
    if (Clock::now() >= end) {
      sleep(number);
    } else {
      sched_yield();  // the kernel delivers packets on some core, and ranks in containers may share one
    }
  }
  const auto exchange = exchanges_.extract(number);
  if (exchange.empty()) return;  // finished before
  const at::Tensor& values = exchange.mapped().values;
  std::vector<std::byte*> parts;
  for (int rank = 0; rank <= static_cast<int>(links_.size()); ++rank) parts.push_back(exchange.mapped().part(rank));
  std::byte* const target = static_cast<std::byte*>(values.data_ptr());
  sum_parts(values.scalar_type(), parts, {&target, 1}, 0, values.numel(), exchange.mapped().divisor);
}

}  // namespace hpcai::distributed
