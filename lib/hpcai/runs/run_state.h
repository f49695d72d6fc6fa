#pragma once

#include <ctime>
#include <string>

#include "hpcai/core/json.h"

namespace hpcai::runs {

// What a run is doing, as far as its files and this machine can tell.
struct RunState {
  // Of a run that has ended: "finished", "stopped", "paused", "diverged", "failed". While its process lives: "starting",
  // "running", "saving failed". "killed": its process is gone and has not said so. "silent": it was started on another host, and
  // has written nothing for ten minutes. "unknown": there is neither status.json nor summary.json.
  std::string name = "unknown";
  std::string reason{};  // one sentence for "killed" and "silent"; else empty

  bool lives() const { return name == "starting" || name == "running" || name == "saving failed"; }
};

// Decides from status.json and summary.json, which are empty if they are missing. `now`: the present time. `host`: the name of
// this host.
RunState state_of(const nlohmann::json& status, const nlohmann::json& summary, std::time_t now, const std::string& host);

// The same for the present time and this host.
RunState state_of(const nlohmann::json& status, const nlohmann::json& summary);

// Whether a process of this host has this number and was started before `time`. A later process has only the same number.
bool process_lives(int64_t process, std::time_t time);

}  // namespace hpcai::runs
