#pragma once

#include <torch/csrc/distributed/c10d/Store.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "hpcai/distributed/meeting/connection.h"

namespace hpcai::distributed {

// Makes a new connection to rank 0's key server, already greeted. Throws ConnectionLost.
using OpenConnection = std::function<std::unique_ptr<Connection>()>;

// The keys on rank 0's server as c10d, Gloo and NCCL want them. If rank 0 does not answer, a call ends with c10::DistStoreError,
// at the latest a few seconds after its time limit; then the client is of no more use.
class KeyClient : public c10d::Store {
 public:
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
  std::unique_ptr<Connection> connection_;  // none after a failure
};

}  // namespace hpcai::distributed
