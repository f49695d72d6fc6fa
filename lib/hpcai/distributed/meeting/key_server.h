#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "hpcai/distributed/meeting/acceptor.h"
#include "hpcai/distributed/meeting/connection.h"
#include "hpcai/distributed/meeting/key_table.h"
#include "hpcai/distributed/watch/monitor.h"

namespace hpcai::distributed {

// Rank 0's side of the job. The server keeps the keys through which the ranks and their backends find each other, receives
// the signs of life of all ranks, and tells all ranks when one is lost. It has one thread, and one listening socket on one
// address.
//
// A connection is a stranger until it has proved that it knows the job's secret (greeting.h). Strangers are served nothing.
// Their number is limited: when one too many comes, the oldest that has said nothing is closed. So a flood of connections
// costs rank 0 a bounded number of descriptors, and a rank that comes during the flood tries again until it is greeted.
class KeyServer {
 public:
  // Takes the listening socket over. `world_size`: ranks that are expected.
  KeyServer(int listen_fd, std::string secret, int world_size);
  ~KeyServer();
  KeyServer(const KeyServer&) = delete;
  KeyServer& operator=(const KeyServer&) = delete;

  int port() const { return acceptor_.port(); }
  // A connection for this process itself, which needs no network and no greeting. Throws Error{peers_unreachable} if this
  // process may not open more files.
  std::unique_ptr<Connection> connect_locally();
  // From now on every rank must give signs of life. All ranks are told of one that is lost or hangs.
  void watch(std::vector<Peer> peers, const WatchLimits& limits);
  // Tells all ranks that rank 0 leaves, with an error or without, and waits a moment until they have said farewell.
  void finish(bool failed);

 private:
  struct Client;

  void run();
  void run_once();
  void wait_for_events();
  std::chrono::milliseconds longest_pause() const;
  void accept_clients();
  Client& add_client(int fd, bool greeted);
  void make_room_for_stranger();
  void close_strangers();
  bool serve(Client& client);
  bool is_overdue(const Client& client) const;
  void handle(Client& client, const std::string& message);
  void greet(Client& client, const std::string& message);
  void take_sign_of_life(Client& client, Unpacker& fields);
  void take_farewell(Client& client, Unpacker& fields);
  int rank_from(Unpacker& fields) const;
  void answer_waiting();
  void announce_reason();
  void drop(Client& client);
  void remove_dropped();
  void send(Client& client, const std::string& message);
  void flush(Client& client);
  void wake();
  void warn_once(bool& warned, const char* text);

  Acceptor acceptor_;
  int wake_fd_;
  std::string secret_;
  int world_size_;
  size_t most_strangers_;
  std::mutex mutex_;  // of everything below
  KeyTable keys_;
  std::list<Client> clients_;
  std::optional<Monitor> monitor_;
  WatchLimits limits_{};
  std::optional<std::string> announced_reason_;  // as a message, once all ranks have been told why the run ends
  bool warned_of_strangers_ = false, warned_of_flood_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace hpcai::distributed
