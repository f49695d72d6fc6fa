#pragma once

#include <torch/csrc/distributed/c10d/Store.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "hpcai/distributed/meeting/connection.h"

namespace hpcai::distributed {

// Returns a new greeted connection to rank 0's key server. Throws ConnectionLost.
using OpenConnection = std::function<std::unique_ptr<Connection>()>;

// The keys on rank 0's key server, as a c10d store for Gloo and NCCL. If rank 0 does not answer, a call throws
// c10::DistStoreError at most a few seconds after its time limit, and every later call throws as well. Calls from several threads
// run one after the other.
class KeyClient : public c10d::Store {
 public:
  // Opens the first connection. `timeout`: default limit of wait() and get(). Throws ConnectionLost.
  KeyClient(OpenConnection open, std::chrono::milliseconds timeout);

  using Store::compareSet;
  using Store::set;
  c10::intrusive_ptr<Store> clone() override;
  void set(const std::string& key, const std::vector<uint8_t>& value) override;
  std::vector<uint8_t> compareSet(const std::string& key, const std::vector<uint8_t>& expected,
                                  const std::vector<uint8_t>& desired) override;
  std::vector<uint8_t> get(const std::string& key) override;
  int64_t add(const std::string& key, int64_t value) override;
  bool deleteKey(const std::string& key) override;
  bool check(const std::vector<std::string>& keys) override;
  int64_t getNumKeys() override;
  void wait(const std::vector<std::string>& keys) override;
  void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds& timeout) override;

 private:
  std::string request(const std::string& message, std::chrono::milliseconds limit);
  std::vector<std::string> wait_for(const std::vector<std::string>& keys, std::chrono::milliseconds limit);

  OpenConnection open_;
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;  // null after a failure
};

}  // namespace hpcai::distributed
