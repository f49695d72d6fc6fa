#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "hpcai/distributed/meeting/connection.h"
#include "hpcai/distributed/watch/monitor.h"
#include "hpcai/distributed/watch/status.h"

namespace hpcai::distributed {

// Each rank has a watchdog: a thread with a connection of its own to rank 0's key server. It does three things:
//
//   - It sends rank 0 signs of life, with what this rank is doing.
//   - It learns why the run must end. If any rank but rank 0 is lost or hangs, rank 0 finds out (monitor.h) and tells all
//     watchdogs. Rank 0 cannot tell that it is lost itself, so each watchdog finds that out alone.
//   - It makes sure that this process ends then, even if its main thread waits in an exchange that never returns. First the
//     callback of on_end() gives up all exchanges, so that the main thread comes back with an exception and takes the reason
//     with wait_for_reason(). If it has not done so within WatchLimits::grace, the watchdog writes the reason and ends the
//     process. It lets the main thread finish a checkpoint first.
class Watchdog {
 public:
  // `connection`: greeted, to rank 0's key server.
  Watchdog(std::unique_ptr<Connection> connection, int rank, Peer rank0, const WatchLimits& limits,
           std::shared_ptr<Status> status);
  // Says farewell to rank 0.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // `give_up` is called once, from another thread, when the run must end.
  void on_end(std::function<void()> give_up);
  // For the main thread, after a failed exchange: waits until it is known why the run must end, and takes that reason. Nothing
  // if all ranks turn out to be well. A caller that gets a reason must end the process with it: the watchdog does not write it
  // then.
  std::optional<EndReason> wait_for_reason();
  // The farewell will say that this rank ends with an error.
  void set_failed() { failed_ = true; }

 private:
  enum class Rank0 { present, left, failed, lost };

  void run();
  void talk_to_rank0(bool broken);
  void read_message(const std::string& message);
  void excuse_own_pause(SteadyClock::time_point now);
  void note_own_progress(SteadyClock::time_point now);
  void judge_rank0(SteadyClock::time_point now, bool broken);
  void conclude_loss_of_rank0(const std::string& why);
  void conclude(EndReason reason);
  void end_process();
  void write_reason(const EndReason& reason);
  void say_farewell();

  std::unique_ptr<Connection> connection_;
  int rank_;
  Peer rank0_;
  WatchLimits limits_;
  std::shared_ptr<Status> status_;

  std::mutex mutex_;  // of the members up to give_up_
  std::condition_variable changed_;
  std::optional<EndReason> reason_;
  bool taken_by_main_thread_ = false;  // the main thread writes the reason and ends the process
  bool taken_by_watchdog_ = false;     // this thread does
  bool exchange_failed_ = false;
  bool stop_ = false;
  std::function<void()> give_up_;
  std::atomic<bool> failed_{false};

  // Used by the watchdog's thread only.
  Rank0 rank0_state_ = Rank0::present;
  Status::Snapshot rank0_status_;           // the last one that rank 0 has told
  SteadyClock::time_point rank0_heard_at_;  // when its last message came
  Status::Snapshot last_sent_;
  SteadyClock::time_point last_sent_at_;
  uint64_t last_progress_ = 0;  // of this rank
  SteadyClock::time_point last_progress_at_;
  SteadyClock::time_point last_round_at_;
  std::thread thread_;
};

}  // namespace hpcai::distributed
