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

// The watchdog is a thread of each rank. It has its own connection to rank 0's key server and three duties:
//
//   - It sends signs of life with this rank's status to rank 0.
//   - It learns why the run must end. Rank 0's monitor (monitor.h) detects that another rank is lost or hangs, and rank 0 sends
//     the reason to all watchdogs. Each watchdog detects the loss of rank 0 on its own.
//   - It ends this process then, even if the main thread waits in an exchange that never returns. The watchdog first calls the
//     callback of on_end(), which aborts all exchanges. The main thread then catches an exception and takes the reason with
//     wait_for_reason(). After WatchLimits::grace without that, the watchdog logs the reason and ends the process. It waits for a
//     checkpoint that the main thread is writing.
class Watchdog {
 public:
  // Starts the thread. `connection`: a greeted connection to rank 0's key server. `rank0`: the peer of rank 0, for messages.
  Watchdog(std::unique_ptr<Connection> connection, int rank, Peer rank0, const WatchLimits& limits,
           std::shared_ptr<Status> status);
  // Sends the farewell to rank 0 and joins the thread.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // Sets the callback that aborts all exchanges. Another thread calls it once, when the run must end.
  void on_end(std::function<void()> give_up);
  // The main thread calls this after a failed exchange. It waits until the reason why the run must end is known and returns it.
  // It returns nothing if no reason arrives within the limit for a silent rank. A caller that gets a reason must end the process
  // and report the reason itself.
  std::optional<EndReason> wait_for_reason();
  // Makes the farewell state that this rank ends with an error.
  void set_failed() { failed_ = true; }

  // Logs the reason why the process is about to end. Ends the process with the reason's code if a blocked terminal delays that.
  static void write_reason(const EndReason& reason);

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
  void say_farewell();

  std::unique_ptr<Connection> connection_;
  int rank_;
  Peer rank0_;
  WatchLimits limits_;
  std::shared_ptr<Status> status_;

  std::mutex mutex_;  // protects the members up to give_up_
  std::condition_variable changed_;
  std::optional<EndReason> reason_;
  bool taken_by_main_thread_ = false;  // the main thread logs the reason and ends the process
  bool taken_by_watchdog_ = false;     // the watchdog thread logs the reason and ends the process
  bool exchange_failed_ = false;
  bool stop_ = false;
  std::function<void()> give_up_;
  std::atomic<bool> failed_{false};

  // Only the watchdog thread uses the following members.
  Rank0 rank0_state_ = Rank0::present;
  Status::Snapshot rank0_status_;             // the last status of rank 0 that arrived
  SteadyClock::time_point rank0_message_at_;  // time of arrival of rank 0's last message
  Status::Snapshot last_sent_;
  SteadyClock::time_point last_sent_at_;
  uint64_t last_progress_ = 0;  // of this rank
  SteadyClock::time_point last_progress_at_;
  SteadyClock::time_point last_round_at_;
  bool was_away_ = false;  // whether this process was stopped for so long that the others hold it for lost
  std::thread thread_;
};

}  // namespace hpcai::distributed
