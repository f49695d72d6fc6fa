#include "hpcai/distributed/watch/watchdog.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/core/threads/start.h"
#include "hpcai/distributed/meeting/key_protocol.h"

namespace hpcai::distributed {
namespace {

using namespace std::chrono_literals;

constexpr auto kFarewellPatience = 1s;
constexpr auto kWritePatience = 3s;  // a blocked terminal must not keep the process alive
constexpr size_t kLongestReason = 4000;
constexpr int64_t kMostRanks = 1 << 20;

// Reads an end reason from rank 0's message. Rank 0 may end the run only with the exit codes of a lost or a hanging rank.
EndReason reason_from(Unpacker& fields) {
  EndReason reason;
  const auto code = static_cast<ExitCode>(fields.number());
  reason.code = code == ExitCode::hang ? code : ExitCode::peers_unreachable;
  reason.text = printable(fields.text(), kLongestReason);
  reason.remedy = printable(fields.text(), kLongestReason);
  for (int64_t left = std::min(fields.number(), kMostRanks); left > 0; --left) {
    reason.ranks.push_back(static_cast<int>(fields.number()));
  }
  return reason;
}

}  // namespace

Watchdog::Watchdog(std::unique_ptr<Connection> connection, int rank, Peer rank0, const WatchLimits& limits,
                   std::shared_ptr<Status> status)
    : connection_(std::move(connection)), rank_(rank), rank0_(std::move(rank0)), limits_(limits), status_(std::move(status)) {
  rank0_message_at_ = last_progress_at_ = last_round_at_ = SteadyClock::now();
  thread_ = start_thread("that watches the other ranks", [this] { run(); });
}

Watchdog::~Watchdog() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watchdog::on_end(std::function<void()> give_up) {
  std::lock_guard lock(mutex_);
  give_up_ = std::move(give_up);
}

std::optional<EndReason> Watchdog::wait_for_reason() {
  std::unique_lock lock(mutex_);
  exchange_failed_ = true;
  changed_.notify_all();
  // A silent rank or a hang is known only after its limit.
  changed_.wait_for(lock, limits_.silence + 4 * limits_.beat + 1s, [this] { return reason_.has_value(); });
  while (taken_by_watchdog_) changed_.wait_for(lock, 1s);  // the watchdog ends the process
  taken_by_main_thread_ = reason_.has_value();
  changed_.notify_all();
  return reason_;
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!stop_ && !reason_) {
    const bool broken = exchange_failed_;
    lock.unlock();
    if (rank0_state_ == Rank0::present) talk_to_rank0(broken);
    const auto now = SteadyClock::now();
    excuse_own_pause(now);
    note_own_progress(now);
    judge_rank0(now, broken);
    lock.lock();
    if (!stop_ && !reason_) changed_.wait_for(lock, limits_.glance);
  }
  const bool ends_well = stop_;
  lock.unlock();
  say_farewell();
  if (!ends_well) end_process();
}

// Sends a sign of life if the interval is over or the status has changed. Reads all messages that have arrived.
void Watchdog::talk_to_rank0(bool broken) {
  const auto now = SteadyClock::now();
  const auto status = status_->snapshot();
  const bool news = status.phase != last_sent_.phase || status.step != last_sent_.step || broken;
  try {
    if (news || now - last_sent_at_ >= limits_.beat) {
      Packer sign;
      pack_status(sign.number(static_cast<int64_t>(Request::beat)).number(rank_), status);
      connection_->send(sign.number(broken).bytes(), now + limits_.beat);
      last_sent_ = status;
      last_sent_at_ = now;
    }
    while (rank0_state_ == Rank0::present) {
      const auto message = connection_->receive(now);
      if (!message) return;
      read_message(*message);
    }
  } catch (const ForgedMessage&) {
    conclude_loss_of_rank0("a message on its connection was forged or altered on its way");
  } catch (const std::runtime_error&) {
    conclude_loss_of_rank0("its connection was closed, so its process has ended");
  }
}

void Watchdog::read_message(const std::string& message) {
  rank0_message_at_ = SteadyClock::now();
  Unpacker fields(message);
  switch (static_cast<Reply>(fields.number())) {
    case Reply::alive: rank0_status_ = unpack_status(fields); break;
    case Reply::end_reason: conclude(reason_from(fields)); break;
    case Reply::end:
      say_farewell();
      rank0_state_ = fields.number() != 0 ? Rank0::failed : Rank0::left;
      break;
  }
}

// This process may have been stopped for a while. It has read no messages during the pause, so the pause does not count as
// silence of rank 0.
void Watchdog::excuse_own_pause(SteadyClock::time_point now) {
  const auto absence = now - std::exchange(last_round_at_, now);
  if (absence <= 2 * limits_.beat) return;
  was_away_ |= absence > limits_.silence;
  rank0_message_at_ += absence;
  last_progress_at_ += absence;
}

void Watchdog::note_own_progress(SteadyClock::time_point now) {
  const uint64_t progress = status_->snapshot().progress;
  if (progress != last_progress_) last_progress_at_ = now;
  last_progress_ = progress;
}

// Decides whether rank 0 is lost. Rank 0's monitor reports every other rank; it cannot report rank 0.
//   - Rank 0 is present: it is lost once its last message is older than the limit.
//   - Rank 0 has left, at the end or with an error: it is lost only if this rank still needs it. This rank needs it if an
//     exchange has failed, or if this rank has waited in an exchange for half of the limit.
void Watchdog::judge_rank0(SteadyClock::time_point now, bool broken) {
  if (rank0_state_ == Rank0::present) {
    if (now - rank0_message_at_ <= limits_.silence) return;
    const double silence = std::chrono::duration<double>(limits_.silence).count();
    return conclude_loss_of_rank0(
        fmt::format("no sign of life for {:.3g} s; it was stopped, or the network to it is down", silence));
  }
  const bool waits_long = status_->snapshot().waits() && now - last_progress_at_ > limits_.silence / 2;
  if (!broken && !waits_long) return;
  conclude_loss_of_rank0(rank0_state_ == Rank0::failed ? "it has ended with an error of its own"
                                                       : "it has ended while others still need it");
}

void Watchdog::conclude_loss_of_rank0(const std::string& why) {
  const bool ended_by_itself = rank0_state_ == Rank0::failed || rank0_state_ == Rank0::left;
  rank0_state_ = Rank0::lost;
  conclude(lost(ended_by_itself ? std::vector<int>{} : std::vector<int>{0}, describe_place(0, rank0_, rank0_status_), why));
}

void Watchdog::conclude(EndReason reason) {
  std::lock_guard lock(mutex_);
  if (reason_) return;
  reason_ = std::move(reason);
  if (was_away_) reason_->ranks.clear();
  changed_.notify_all();
}

void Watchdog::write_reason(const EndReason& reason) {
  const auto done = std::make_shared<std::atomic<bool>>(false);
  std::thread([done, code = static_cast<int>(reason.code)] {
    std::this_thread::sleep_for(kWritePatience);
    if (!*done) _exit(code);
  }).detach();
  log::error("{}", reason.text);
  log::error("{}", reason.remedy);
  *done = true;
}

// Ends the process from the watchdog thread, because an exception may be unable to reach the main thread.
void Watchdog::end_process() {
  std::unique_lock lock(mutex_);
  const int code = static_cast<int>(reason_->code);
  if (give_up_) std::thread(give_up_).detach();
  const auto end_of_grace = SteadyClock::now() + limits_.grace;
  changed_.wait_until(lock, end_of_grace, [this] { return taken_by_main_thread_ || stop_; });
  taken_by_watchdog_ = !taken_by_main_thread_ && !stop_;
  lock.unlock();
  if (taken_by_watchdog_) write_reason(*reason_);
  // The watchdog waits while the main thread, which has taken the reason, writes its summary, and while a checkpoint is written.
  lock.lock();
  const auto start = SteadyClock::now();
  const auto saves = [&] { return status_->snapshot().phase == Phase::save; };
  const auto busy = [&] {
    const auto limit = saves() ? limits_.patience : limits_.silence;
    return (taken_by_main_thread_ || saves()) && SteadyClock::now() < start + limit;
  };
  while (!stop_ && busy()) changed_.wait_for(lock, 20ms);
  if (stop_) return;
  if (taken_by_main_thread_) write_reason(*reason_);  // the main thread has not come to it
  _exit(code);
}

void Watchdog::say_farewell() {
  if (rank0_state_ != Rank0::present) return;
  const auto deadline = SteadyClock::now() + kFarewellPatience;
  try {
    const bool failed = failed_ || reason_.has_value();
    connection_->send(Packer().number(static_cast<int64_t>(Request::farewell)).number(rank_).number(failed).bytes(), deadline);
    // All replies are read: closing a socket with unread bytes may discard the farewell before rank 0 receives it.
    while (const auto message = connection_->receive(deadline)) {
      Unpacker fields(*message);
      if (static_cast<Reply>(fields.number()) == Reply::end) return;
    }
  } catch (const std::runtime_error&) {  // rank 0 has closed the connection first
  }
}

}  // namespace hpcai::distributed
