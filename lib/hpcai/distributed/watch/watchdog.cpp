#include "hpcai/distributed/watch/watchdog.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "hpcai/core/log.h"
#include "hpcai/core/threads/start.h"
#include "hpcai/distributed/meeting/key_protocol.h"

namespace hpcai::distributed {
namespace {

using namespace std::chrono_literals;

constexpr auto kGoodbyeLimit = 1s;
constexpr auto kLastWords = 3s;  // a terminal that takes no more text must not keep the process alive

}  // namespace

Watchdog::Watchdog(std::unique_ptr<Connection> connection, int rank, Peer rank0, const WatchLimits& limits,
                   std::shared_ptr<Status> status)
    : connection_(std::move(connection)), rank_(rank), rank0_(std::move(rank0)), limits_(limits), status_(std::move(status)) {
  heard_ = moved_ = awake_ = SteadyClock::now();
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

void Watchdog::on_verdict(std::function<void()> give_up) {
  std::lock_guard lock(mutex_);
  give_up_ = std::move(give_up);
}

std::optional<Verdict> Watchdog::ask_why() {
  std::unique_lock lock(mutex_);
  broken_ = true;
  changed_.notify_all();
  // Somebody whose network is down, or who stands still, is known to be lost only after a while.
  changed_.wait_for(lock, limits_.silence + 4 * limits_.beat + 1s, [this] { return verdict_.has_value(); });
  while (told_) changed_.wait_for(lock, 1s);  // the watchdog has spoken and ends the process
  taken_ = verdict_.has_value();
  changed_.notify_all();
  return verdict_;
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!stop_ && !verdict_) {
    const bool broken = broken_;
    lock.unlock();
    if (rank0_state_ == Rank0::present) exchange_signs(broken);
    judge_rank0(SteadyClock::now(), broken);
    lock.lock();
    if (!stop_ && !verdict_) changed_.wait_for(lock, limits_.glance);
  }
  const bool ends_well = stop_;
  lock.unlock();
  say_farewell();
  if (!ends_well) end_process();
}

// Gives a sign of life where one is due or there is something new to tell, and hears what has come meanwhile.
void Watchdog::exchange_signs(bool broken) {
  const auto now = SteadyClock::now();
  const auto status = status_->snapshot();
  const bool news = status.phase != told_status_.phase || status.step != told_status_.step || broken;
  try {
    if (news || now - told_at_ >= limits_.beat) {
      Packer sign;
      pack_status(sign.number(static_cast<int64_t>(Request::beat)).number(rank_), status);
      connection_->send(sign.number(broken).bytes(), now + limits_.beat);
      told_status_ = status;
      told_at_ = now;
    }
    while (rank0_state_ == Rank0::present) {
      const auto message = connection_->receive(now);
      if (!message) return;
      hear(*message);
    }
  } catch (const std::runtime_error&) {
    lose_rank0("its connection was closed, so its process has ended");
  }
}

void Watchdog::hear(const std::string& message) {
  heard_ = SteadyClock::now();
  Unpacker fields(message);
  switch (static_cast<Reply>(fields.number())) {
    case Reply::alive: rank0_status_ = unpack_status(fields); break;
    case Reply::verdict: {
      Verdict verdict;
      verdict.code = static_cast<ExitCode>(fields.number());
      verdict.text = fields.text();
      verdict.remedy = fields.text();
      conclude(std::move(verdict));
      break;
    }
    case Reply::end:
      say_farewell();
      rank0_state_ = fields.number() != 0 ? Rank0::failed : Rank0::left;
      break;
  }
}

// Nobody but its silence tells that rank 0 is lost; and once it has left nobody tells that it is missed.
void Watchdog::judge_rank0(SteadyClock::time_point now, bool broken) {
  const auto absence = now - std::exchange(awake_, now);
  if (absence > 2 * limits_.beat) {  // this process was stopped itself
    heard_ += absence;
    moved_ += absence;
  }
  const auto status = status_->snapshot();
  if (status.progress != progress_) moved_ = now;
  progress_ = status.progress;
  if (rank0_state_ == Rank0::present) {
    if (now - heard_ <= limits_.silence) return;
    const double silence = std::chrono::duration<double>(limits_.silence).count();
    return lose_rank0(fmt::format("no sign of life for {:.3g} s; it was stopped, or the network to it is down", silence));
  }
  if (!broken && (!status.waits() || now - moved_ <= limits_.silence / 2)) return;
  lose_rank0(rank0_state_ == Rank0::failed ? "it has ended with an error of its own" : "it has ended while others still need it");
}

void Watchdog::lose_rank0(const std::string& why) {
  rank0_state_ = Rank0::lost;
  conclude(lost(describe_place(0, rank0_, rank0_status_), why));
}

void Watchdog::conclude(Verdict verdict) {
  std::lock_guard lock(mutex_);
  if (verdict_) return;
  verdict_ = std::move(verdict);
  changed_.notify_all();
}

void Watchdog::tell(const Verdict& verdict) {
  const auto done = std::make_shared<std::atomic<bool>>(false);
  std::thread([done, code = static_cast<int>(verdict.code)] {
    std::this_thread::sleep_for(kLastWords);
    if (!*done) _exit(code);
  }).detach();
  log::error("{}", verdict.text);
  log::error("{}", verdict.remedy);
  *done = true;
}

// The main thread may be anywhere, even where nothing can reach it.
void Watchdog::end_process() {
  std::unique_lock lock(mutex_);
  const int code = static_cast<int>(verdict_->code);
  if (give_up_) std::thread(give_up_).detach();
  const auto end_soon = SteadyClock::now() + limits_.grace;
  changed_.wait_until(lock, end_soon, [this] { return taken_ || stop_; });
  told_ = !taken_ && !stop_;
  lock.unlock();
  if (told_) tell(*verdict_);
  // A main thread that has taken the verdict writes its summary and leaves; a checkpoint is worth waiting for.
  lock.lock();
  const auto patient = SteadyClock::now() + limits_.silence;
  const auto busy = [&] { return taken_ || status_->snapshot().phase == Phase::save; };
  while (!stop_ && busy() && SteadyClock::now() < patient) changed_.wait_for(lock, 20ms);
  if (!stop_) _exit(code);
}

void Watchdog::say_farewell() {
  if (rank0_state_ != Rank0::present) return;
  const auto deadline = SteadyClock::now() + kGoodbyeLimit;
  try {
    const bool failed = failed_ || verdict_.has_value();
    connection_->send(Packer().number(static_cast<int64_t>(Request::farewell)).number(rank_).number(failed).bytes(), deadline);
    // Whoever closes with something unread may tear down what the other side has not read yet.
    while (const auto message = connection_->receive(deadline)) {
      Unpacker fields(*message);
      if (static_cast<Reply>(fields.number()) == Reply::end) return;
    }
  } catch (const std::runtime_error&) {  // the other side has gone first
  }
}

}  // namespace hpcai::distributed
