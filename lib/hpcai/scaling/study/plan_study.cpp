#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <set>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/scaling/study/study.h"
#include "hpcai/scaling/study/study_worlds.h"
#include "hpcai/trainer/judgements.h"
#include "hpcai/trainer/sources.h"

namespace hpcai::scaling {
namespace {

using Problems = std::vector<std::string>;

constexpr const char* kStopAtTarget = "evaluation.stop_at_target=true";
constexpr const char* kTargetRemedy =
    "state one with --set evaluation.target_metric=accuracy (or overlap_median, or loss) and --set evaluation.target_value=0.9";

// An override "name:key=value" applies to the experiment of that name, "key=value" to all (empty name).
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
  // the first reading finds the name, which decides which overrides apply in the second
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
  if (members.size() < request.configs.size()) return members;  // an unreadable config may have the name
  for (const std::string& text : request.overrides) {
    const auto only = split_override(text).name;
    if (!only.empty() && !names.contains(only))
      problems.push_back(fmt::format("--set {}: no experiment is named {}", text, only));
  }
  return members;
}

// The experiment with the global batch and the accumulation of a run on `world` ranks.
trainer::Experiment on_ranks(const Study& study, const Member& member, int world) {
  trainer::Experiment experiment = member.experiment;
  experiment.training.global_batch = global_batch_of(member, world, study.weak);
  if (study.samples_per_pass > 0) {
    const bool shared = experiment.training.global_batch % world == 0;  // an uneven share is reported by judge()
    experiment.training.accumulation = shared ? accumulation_of(study, member, world) : 1;
  }
  return experiment;
}

// Opens the data without filling caches. Returns std::nullopt and adds a problem if the settings of the data are wrong.
std::optional<trainer::DataFacts> look_at_data(const Member& member, Problems& problems) {
  try {
    return trainer::facts_of(trainer::open_training_data(member.experiment, 0, /*fill_caches=*/false));
  } catch (const Error& error) {
    if (error.code() != ExitCode::usage) throw;
    problems.push_back(fmt::format("{}: {}", member.name, tell(error)));
    return std::nullopt;
  }
}

// Adds the problems of an experiment: those that depend on the number of ranks once for each world, the others once.
void judge_member(const Study& study, const Member& member, const std::optional<trainer::DataFacts>& data, Problems& problems) {
  const bool has_target = target_of(member.experiment).metric != "none";
  if (!has_target) {
    problems.push_back(fmt::format("{}: no quality is stated whose time could be measured; {}", member.name, kTargetRemedy));
  }
  for (const int world : study.worlds) {
    auto experiment = on_ranks(study, member, world);
    experiment.evaluation.stop_at_target = has_target;  // a study sets it
    for (const trainer::Judgement& judgement : trainer::judge(experiment, world, data)) {
      if (judgement.kind != trainer::Judgement::Kind::problem) continue;
      const std::string where = judgement.of_ranks ? ", " + plural(world, "rank") : "";
      const std::string text = fmt::format("{}{}: {}", member.name, where, text_of(judgement));
      if (std::ranges::find(problems, text) == problems.end()) problems.push_back(text);
    }
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
    std::optional<trainer::DataFacts> data;
    try {
      data = look_at_data(member, problems);
    } catch (const Error&) {
      no_data = std::current_exception();  // thrown at the end if there are no other problems
    }
    judge_member(study, member, data, problems);
  }
  refuse(problems);
  if (no_data) std::rethrow_exception(no_data);
  return study;
}

}  // namespace hpcai::scaling
