#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "hpcai/distributed/meeting/connection.h"
#include "hpcai/distributed/meeting/key_table.h"
#include "hpcai/distributed/watch/monitor.h"

namespace hpcai::distributed {

// Rank 0's side of the job: keeps the keys through which the ranks and their backends find each other, and hears their signs
// of life. One thread and one socket on one address; nobody is served who has not proved that he knows the secret.
class KeyServer {
 public:
  // Takes the listening socket over.
  KeyServer(int listen_fd, std::string secret);
  ~KeyServer();
  KeyServer(const KeyServer&) = delete;
  KeyServer& operator=(const KeyServer&) = delete;

  int port() const;
  // A connection for this process itself, which needs no network and no greeting.
  std::unique_ptr<Connection> connect_locally();
  // From now on every rank must give signs of life; who is lost or hangs is told to all.
  void watch(std::vector<Peer> peers, const WatchLimits& limits);
  // Tells all ranks that rank 0 leaves, and waits a moment until they have heard it.
  void finish(bool failed);

 private:
  struct Client;

  void run();
  void poll_once();
  void accept_clients();
  void adopt(int fd, bool greeted);
  bool serve(Client& client);
  bool overdue(const Client& client) const;
  void handle(Client& client, const std::string& message);
  void greet(Client& client, const std::string& message);
  void hear(Client& client, int64_t request, Unpacker& fields);
  void answer_waiting();
  void judge();
  void drop(Client& client);
  void send(Client& client, const std::string& message);
  void flush(Client& client);
  void wake();

  int listen_fd_, wake_fd_;
  std::string secret_;
  std::mutex mutex_;  // of everything below
  KeyTable keys_;
  std::list<Client> clients_;
  std::optional<Monitor> monitor_;
  WatchLimits limits_{};
  bool told_ = false;  // the verdict, to all
  std::string told_verdict_;
  bool refused_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace hpcai::distributed
