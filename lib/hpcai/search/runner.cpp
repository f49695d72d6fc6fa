#include "hpcai/search/runner.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/folder_lock.h"
#include "hpcai/core/log.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"
#include "hpcai/core/threads/cores.h"
#include "hpcai/trainer/course.h"

namespace hpcai::search {
namespace {

constexpr int kStopped = static_cast<int>(ExitCode::stopped);
constexpr int kMostIdleStarts = 20;
constexpr useconds_t kPoll_us = 20'000, kWaitForOthers_us = 1'000'000;

// Whether a failure has a reason outside the trial's settings, so that the other trials would fail as well.
bool concerns_all(int status) {
  static constexpr ExitCode kCodes[] = {ExitCode::missing_input, ExitCode::peers_unreachable, ExitCode::cannot_write,
                                        ExitCode::ranks_disagree, ExitCode::cannot_resume};
  return status == 127 || std::ranges::any_of(kCodes, [&](ExitCode code) { return static_cast<int>(code) == status; });
}

// Whether no training works in this run folder. The training of a search that was killed may live for a moment longer.
bool is_free(const std::filesystem::path& run_folder) {
  if (!path_exists(run_folder)) return true;
  try {
    const FolderLock lock(run_folder, "run folder", "");
    return true;
  } catch (const Error& error) {
    if (error.code() != ExitCode::usage) throw;
    return false;
  }
}

// "trains to 12 epochs".
std::string describe_target(const Search& search, int64_t rung) {
  const auto budget = budget_of(search.space, rung);
  int64_t whole = 0;
  for (const auto& stage : trainer::stages_of(search.experiment.training)) whole += stage.epochs;
  const bool in_epochs = budget && std::get<AshaConfig>(search.space.early_stop).unit == Unit::epochs;
  if (!budget || (in_epochs && *budget >= whole)) return "trains to its end";
  return "trains to " + plural(*budget, in_epochs ? "epoch" : "step");
}

std::string describe_settings(const Values& parameters) {
  std::string text;
  for (const auto& [key, value] : parameters.items()) text += (text.empty() ? "" : ", ") + printable(setting_of(key, value));
  return text;
}

}  // namespace

std::vector<std::string> usable_gpus(const Environment& environment, const std::filesystem::path& devices) {
  std::vector<std::string> gpus;
  if (const auto found = environment.find("CUDA_VISIBLE_DEVICES"); found != environment.end()) {
    for (const std::string_view name : split(found->second, ',')) {
      if (!trim(name).empty()) gpus.emplace_back(trim(name));
    }
    return gpus;
  }
  for (const auto& path : list_folder(devices)) {
    constexpr std::string_view kName = "nvidia";
    const std::string name = path.filename().string();
    if (name.starts_with(kName) && parse_number<int64_t>(std::string_view(name).substr(kName.size())))
      gpus.push_back(name.substr(kName.size()));
  }
  std::ranges::sort(gpus, {}, [](const std::string& gpu) { return parse_number<int64_t>(gpu).value_or(0); });
  return gpus;
}

Runner::Runner(SearchFolder& folder, const Share& share)
    : folder_(folder),
      share_(share),
      slots_(static_cast<size_t>(share.parallel)),
      proposals_(propose_all(folder.search().space, folder.read(), share.trials)) {
  const auto& search = folder.search();
  const int ranks = std::max(1, search.nproc) * share.parallel;
  if (search.experiment.training.device != trainer::DeviceChoice::cpu) gpus_ = usable_gpus(process_environment());
  if (!gpus_.empty() && ranks > std::ssize(gpus_))
    log::warning("search     {} share {}", plural(ranks, "rank"), plural(std::ssize(gpus_), "GPU"));
  if (share.parallel > 1 && search.experiment.training.threads == 0) threads_ = std::max(1, available_cores() / ranks);
}

void Runner::read() {
  trials_ = whole_list(folder_.read(), proposals_);
  std::vector<TrialResults> results;
  for (const Trial& trial : trials_) results.push_back(trial.results);
  decisions_ = decide(folder_.search().space, results);
}

bool Runner::trains(int64_t number) const {
  return std::ranges::any_of(slots_, [&](const auto& training) { return training && training->number == number; });
}

bool Runner::all_mine_ended() const {
  for (int64_t number = 0; number < share_.trials; ++number) {
    if (is_mine(number) && !decisions_[static_cast<size_t>(number)].is_final()) return false;
  }
  return true;
}

int Runner::run() {
  read();
  while (true) {
    const bool stops = signals_.received() || fatal_ != 0;
    bool changed = poll();
    if (!stops) changed |= start_more();
    const bool idle = std::ranges::none_of(slots_, [](const auto& training) { return training.has_value(); });
    if (idle && (stops || all_mine_ended())) return conclude();
    if (changed) continue;
    pass_signals_on();
    const bool waits = idle && share_.worker > 0;  // for the results of other workers
    usleep(waits ? kWaitForOthers_us : kPoll_us);
    if (waits) read();
  }
}

int Runner::conclude() {
  if (fatal_ != 0) {
    log::error("{}", fatal_reason_);
    log::error("The search has stopped, because the other trials would fail as well; the same command goes on.");
    return fatal_;
  }
  if (signals_.received()) {
    log::info("search     stopped; the same command goes on");
    return kStopped;
  }
  const bool any = std::ranges::any_of(decisions_, [](const Decision& d) { return d.standing != Standing::failed; });
  return any || decisions_.empty() ? 0 : first_failure_;
}

// Sends a stop signal, or the end of the search, to all trainings.
void Runner::pass_signals_on() {
  const int count = signals_.count() + (fatal_ != 0 ? 1 : 0);
  if (passed_on_ >= count) return;
  passed_on_ = count;
  for (const auto& training : slots_) {
    if (training) kill(training->process, signals_.last() != 0 ? signals_.last() : SIGTERM);
  }
}

// Starts trainings in the free slots. What a run folder holds already, because the program was killed before it wrote its
// journal, is recorded without a training. Returns whether something has changed.
bool Runner::start_more() {
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot]) continue;
    for (int64_t number = 0; number < share_.trials; ++number) {
      const Decision& decision = decisions_[static_cast<size_t>(number)];
      if (decision.standing != Standing::to_train || !is_mine(number) || trains(number)) continue;
      if (!is_free(folder_.search().run_folder(number))) continue;
      const auto outcome = read_outcome(folder_.search().space, folder_.search().run_folder(number), decision.rung);
      if (!outcome) {
        start(slot, number, decision.rung);
        break;
      }
      record(number, decision.rung, *outcome);
      return true;
    }
  }
  return false;
}

void Runner::begin_trial(int64_t number) {
  Trial& trial = trials_[static_cast<size_t>(number)];
  if (std::exchange(trial.begun, true)) return;
  folder_.append({{"event", "trial"}, {"number", number}, {"parameters", trial.parameters}, {"given", false}});
}

void Runner::start(size_t slot, int64_t number, int64_t rung) {
  const auto& search = folder_.search();
  begin_trial(number);
  const auto& parameters = trials_[static_cast<size_t>(number)].parameters;
  tell(number, describe_target(search, rung) + (rung == 0 ? ": " + describe_settings(parameters) : ""));
  Training training{number, rung, 0, saved_steps(search.run_folder(number))};
  training.process = jobs::start_program(arguments_of(number, rung), environment_of(slot), search.output(number).string());
  slots_[slot] = training;
}

std::vector<std::string> Runner::arguments_of(int64_t number, int64_t rung) const {
  const auto& search = folder_.search();
  auto words = training_arguments(search, trials_[static_cast<size_t>(number)].parameters, number);
  if (threads_ > 0) words.insert(words.end(), {"--set", fmt::format("training.threads={}", threads_)});
  const auto pause = pause_options(search.space, rung);
  words.insert(words.end(), pause.begin(), pause.end());
  return words;
}

Environment Runner::environment_of(size_t slot) const {
  Environment environment = process_environment();
  const auto ranks = static_cast<size_t>(std::max(1, folder_.search().nproc));
  if (gpus_.empty() || share_.worker > 0) return environment;
  std::string mine;
  for (size_t rank = 0; rank < std::min(ranks, gpus_.size()); ++rank)
    mine += (rank > 0 ? "," : "") + gpus_[(slot * ranks + rank) % gpus_.size()];
  environment["CUDA_VISIBLE_DEVICES"] = mine;
  return environment;
}

// Takes note of trainings that have ended. Returns whether there is one.
bool Runner::poll() {
  bool ended = false;
  for (auto& slot : slots_) {
    const auto status = slot ? poll_process(slot->process) : std::nullopt;
    if (!status) continue;
    const Training training = *slot;
    slot.reset();
    note_end(training, *status);
    ended = true;
  }
  return ended;
}

void Runner::note_end(const Training& training, int status) {
  const auto& search = folder_.search();
  const auto run = search.run_folder(training.number);
  if (status == 0 || status == kStopped || status == static_cast<int>(ExitCode::diverged)) {
    if (const auto outcome = read_outcome(search.space, run, training.rung))
      return record(training.number, training.rung, *outcome);
  }
  const int64_t saved = saved_steps(run);
  if (signals_.received() || fatal_ != 0) {
    if (saved > training.steps_before) folder_.append({{"event", "paused"}, {"number", training.number}, {"steps", saved}});
    return;
  }
  if (concerns_all(status)) {
    fatal_ = status;
    fatal_reason_ = fmt::format("trial {}: {}", training.number, last_error(search.output(training.number)));
    return;
  }
  if (status != kStopped && status <= 128) return record_failure(training.number, training.rung, status);
  int& idle = idle_starts_[training.number];
  idle = saved > training.steps_before ? 0 : idle + 1;
  if (idle >= kMostIdleStarts) return record_failure(training.number, training.rung, status);
  const std::string reason = status == kStopped ? "was stopped" : fmt::format("was ended by signal {}", status - 128);
  tell(training.number, fmt::format("{} and goes on from step {}", reason, saved));
}

void Runner::record_failure(int64_t number, int64_t rung, int status) {
  if (!has_failed_) first_failure_ = status;
  has_failed_ = true;
  std::string reason = last_error(folder_.search().output(number));
  if (status > 128) reason = fmt::format("ended by signal {}, {} times without a new checkpoint", status - 128, kMostIdleStarts);
  if (status == kStopped) reason = fmt::format("stopped {} times without a new checkpoint", kMostIdleStarts);
  record(number, rung, {.result = {.failed = true}, .failure = fmt::format("status {}: {}", status, reason)});
}

void Runner::record(int64_t number, int64_t rung, const Outcome& outcome) {
  begin_trial(number);
  if (outcome.result.failed) {
    folder_.append({{"event", "failed"}, {"number", number}, {"rung", rung}, {"reason", outcome.failure}});
    tell(number, "failed: " + outcome.failure);
  } else {
    folder_.append({{"event", "result"},
                    {"number", number},
                    {"rung", rung},
                    {"value", outcome.result.value},
                    {"finished", outcome.result.finished},
                    {"epochs", outcome.epochs},
                    {"steps", outcome.steps}});
    tell(number, fmt::format("has {} {:.6g} after {}{}", folder_.search().space.metric, outcome.result.value,
                             plural(outcome.epochs, "epoch"), outcome.result.finished ? ", complete" : ""));
  }
  read();
}

void Runner::tell(int64_t number, const std::string& what) { log::info("trial {:<5}{}", number, what); }

}  // namespace hpcai::search
