#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "hpcai/distributed/meeting/connection.h"
#include "hpcai/distributed/watch/monitor.h"
#include "hpcai/distributed/watch/status.h"

namespace hpcai::distributed {

// A rank's link to the others beside the exchanges: gives signs of life to rank 0, hears from it who is lost, and notices
// itself when rank 0 is. Once somebody is lost the process ends within WatchLimits::grace: by the main thread, which learns
// the verdict where its exchange fails, or, where that is stuck, by this watchdog, which tells the reason and exits. A
// checkpoint that is being written is finished first.
class Watchdog {
 public:
  Watchdog(std::unique_ptr<Connection> connection, int rank, Peer rank0, const WatchLimits& limits,
           std::shared_ptr<Status> status);
  // Says farewell; `failed` is told to those who still need this rank.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // Called once when the run is about to end: gives stuck exchanges up. From another thread.
  void on_verdict(std::function<void()> give_up);
  // After a failed exchange: waits for the reason. Whoever gets one must end the process with it, because nothing else tells it.
  std::optional<Verdict> ask_why();
  void set_failed() { failed_ = true; }

 private:
  void run();
  void exchange_signs(bool broken);
  void hear(const std::string& message);
  void judge_rank0(SteadyClock::time_point now, bool broken);
  void lose_rank0(const std::string& why);
  void conclude(Verdict verdict);
  void end_process();
  void tell(const Verdict& verdict);
  void say_farewell();

  std::unique_ptr<Connection> connection_;
  int rank_;
  Peer rank0_;
  WatchLimits limits_;
  std::shared_ptr<Status> status_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Verdict> verdict_;
  bool taken_ = false;  // by the main thread
  bool told_ = false;   // by this watchdog
  bool broken_ = false, stop_ = false;
  std::atomic<bool> failed_{false};
  std::function<void()> give_up_;

  // Of the thread.
  Status::Snapshot rank0_status_;
  enum class Rank0 { present, left, failed, lost } rank0_state_ = Rank0::present;
  Status::Snapshot told_status_;
  SteadyClock::time_point told_at_, heard_, moved_, awake_;
  uint64_t progress_ = 0;
  std::thread thread_;
};

}  // namespace hpcai::distributed
