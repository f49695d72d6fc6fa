#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <set>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/open.h"
#include "hpcai/scaling/study/study.h"
#include "hpcai/scaling/study/study_worlds.h"
#include "hpcai/trainer/build.h"

namespace hpcai::scaling {
namespace {

using Problems = std::vector<std::string>;

constexpr const char* kStopAtTarget = "evaluation.stop_at_target=true";
constexpr const char* kTargetRemedy =
    "state one with --set evaluation.target_metric=accuracy (or overlap_median, or loss) and --set evaluation.target_value=0.9";

// "name:key=value" is for the experiment of that name alone.
struct Override {
  std::string name, setting;
};

Override split_override(const std::string& text) {
  const size_t equals = std::min(text.find('='), text.size()), colon = text.find(':');
  if (colon == std::string::npos || colon > equals) return {"", text};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::string tell(const Error& error) {
  return error.remedy().empty() ? error.what() : fmt::format("{} ({})", error.what(), error.remedy());
}

Member read_member(const std::filesystem::path& path, const StudyRequest& request, std::set<std::string>& names) {
  // the name decides which overrides apply, and may itself be set for all
  std::vector<std::string> general{kStopAtTarget}, all{kStopAtTarget};
  for (const std::string& text : request.overrides) {
    if (split_override(text).name.empty()) general.push_back(text);
  }
  const std::string name = config::read<trainer::Experiment>(path, general).name;
  for (const std::string& text : request.overrides) {
    const auto [only, setting] = split_override(text);
    if (only.empty() || only == name) all.push_back(setting);
  }
  names.insert(name);
  return {name, config::read<trainer::Experiment>(path, all)};
}

std::vector<Member> read_members(const StudyRequest& request, Problems& problems) {
  std::vector<Member> members;
  std::set<std::string> names;
  for (const auto& path : request.configs) {
    try {
      const size_t known = names.size();
      Member member = read_member(path, request, names);
      if (names.size() == known) {
        problems.push_back(fmt::format("{}: a second experiment named {}; give it another `name`", path.string(), member.name));
      }
      members.push_back(std::move(member));
    } catch (const Error& error) {
      if (error.code() != ExitCode::usage) throw;
      problems.push_back(tell(error));
    }
  }
  if (members.size() < request.configs.size()) return members;  // the name may be that of an unreadable one
  for (const std::string& text : request.overrides) {
    const auto only = split_override(text).name;
    if (!only.empty() && !names.contains(only))
      problems.push_back(fmt::format("--set {}: no experiment is named {}", text, only));
  }
  return members;
}

void check_world(const Study& study, const Member& member, int world, int64_t samples, Problems& problems) {
  const int64_t batch = global_batch_of(member, world, study.weak);
  const int64_t accumulation = study.samples_per_pass > 0 ? 1 : member.experiment.training.accumulation;
  const std::string where = fmt::format("{}, {}", member.name, plural(world, "rank"));
  if (samples > 0 && world > samples) {
    problems.push_back(fmt::format("{}: more ranks than the {} training samples", where, samples));
  } else if (batch % (world * accumulation) != 0) {
    problems.push_back(
        fmt::format("{}: training.global_batch {} cannot be shared by {} ranks{}; use a multiple of {}", where, batch, world,
                    accumulation > 1 ? fmt::format(" with training.accumulation {}", accumulation) : "", world * accumulation));
  } else if (samples > 0 && batch > samples) {
    problems.push_back(fmt::format("{}: a step needs {} samples, but there are only {}", where, batch, samples));
  }
}

// What contradicts itself at any number of ranks, told once.
void check_settings(const Member& member, Problems& problems) {
  if (target_of(member.experiment).metric == "none") {
    problems.push_back(fmt::format("{}: no quality is stated whose time could be measured; {}", member.name, kTargetRemedy));
  }
  try {
    auto alone = member.experiment;
    alone.training.accumulation = 1;  // whether the batch can be shared is looked at for each world
    trainer::check_consistency(alone, 1);
  } catch (const Error& error) {
    problems.push_back(fmt::format("{}: {}", member.name, tell(error)));
  }
}

// Opens the data without making them, and returns the number of training samples; 0 if that is not known for a problem with
// the settings.
int64_t check_data(const Member& member, Problems& problems) {
  try {
    const auto splits = data::open(member.experiment.data, 0, false);
    if (target_of(member.experiment).metric != "none") trainer::check_target(member.experiment, splits);
    return splits.train->size();
  } catch (const Error& error) {
    if (error.code() != ExitCode::usage) throw;
    problems.push_back(fmt::format("{}: {}", member.name, tell(error)));
    return 0;
  }
}

void refuse(const Problems& problems) {
  if (problems.empty()) return;
  std::string text = problems.size() == 1 ? "" : "the study cannot be done:";
  for (const std::string& problem : problems) text += (problems.size() == 1 ? "" : "\n  ") + problem;
  throw Error(ExitCode::usage, text, "Nothing has been started. See: hpcai-train scaling --help");
}

}  // namespace

Study plan_study(const StudyRequest& request) {
  Problems problems;
  Study study{
      {}, parse_worlds(request.worlds, problems), request.weak, request.repeats, request.samples_per_pass, request.folder};
  if (request.repeats < 1) problems.push_back(fmt::format("--repeats {}: it must be at least 1", request.repeats));
  study.members = read_members(request, problems);
  std::exception_ptr no_data;
  for (const Member& member : study.members) {
    check_settings(member, problems);
    int64_t samples = 0;
    try {
      samples = check_data(member, problems);
    } catch (const Error&) {
      no_data = std::current_exception();  // told only if there is nothing to put right first
    }
    for (const int world : study.worlds) check_world(study, member, world, samples, problems);
  }
  refuse(problems);
  if (no_data) std::rethrow_exception(no_data);
  return study;
}

}  // namespace hpcai::scaling
