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

// The key server runs in rank 0's process, in one thread with one listening socket on one address. It has three duties: it stores
// the keys through which the ranks and their backends find each other, it receives the signs of life of all ranks, and it sends
// the reason to all ranks when a rank is lost or hangs.
//
// A connection is a stranger until the other side has proved that it knows the job's secret (greeting.h). The server answers no
// requests of strangers. Later messages are sealed (seal.h); one that is not ends its connection. The server limits the number of
// strangers: a new one displaces the oldest one that has sent nothing. A flood of connections therefore takes a bounded number of
// descriptors, and a rank that is displaced connects again.
class KeyServer {
 public:
  // Takes ownership of the listening socket and starts the thread. `world_size`: the number of expected ranks. Raises this
  // process's limit of open files to its hard limit.
  KeyServer(int listen_fd, std::string secret, int world_size);
  ~KeyServer();
  KeyServer(const KeyServer&) = delete;
  KeyServer& operator=(const KeyServer&) = delete;

  int port() const { return acceptor_.port(); }
  // Returns a greeted connection of this process to its own server, over a socket pair. Throws Error{peers_unreachable} if this
  // process may open no more files. May be called from any thread.
  std::unique_ptr<Connection> connect_locally();
  // Starts the watch: from now on every rank must send signs of life. `peers`: by rank.
  void watch(std::vector<Peer> peers, const WatchLimits& limits);
  // Sends to all ranks that rank 0 leaves. `failed`: rank 0 ends with an error. Waits up to 2 s for the farewells of the ranks.
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
  void answer(Client& client, const std::string& message);
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
  std::mutex mutex_;  // protects all members below
  KeyTable keys_;
  std::list<Client> clients_;
  std::optional<Monitor> monitor_;
  WatchLimits limits_{};
  std::optional<std::string> announced_reason_;  // the packed Reply::end_reason, once it has been sent to all ranks
  bool warned_of_strangers_ = false, warned_of_flood_ = false, warned_of_forgery_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace hpcai::distributed
