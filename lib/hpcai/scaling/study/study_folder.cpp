#include "hpcai/scaling/study/study_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/version.h"

namespace hpcai::scaling {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOtherFolder = "Choose another folder with --out; nothing in this one has been touched.";

nlohmann::json read_study_json(const fs::path& path) {
  try {
    auto json = parse_json(read_file(path));
    json.at("worlds").get<std::vector<int>>();
    json.at("experiments").get<std::vector<std::string>>();
    json.at("weak").get<bool>();
    json.at("repeats").get<int>();
    return json;
  } catch (const nlohmann::json::exception& e) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}", path.string(), e.what()), kOtherFolder);
  }
}

std::string describe_target(const trainer::Experiment& experiment) {
  const Quality target = target_of(experiment);
  return target.metric == "none" ? "none" : describe(target);
}

// Throws Error{cannot_resume} if the settings of `member` differ from the saved config of the same name.
void compare_member(const fs::path& saved_config, const Member& member) {
  const auto saved = config::read<trainer::Experiment>(saved_config);
  std::string text;
  for (const auto& change : config::differences(saved, member.experiment)) {
    text += fmt::format("\n  {}: {} then, {} now", change.key, change.before, change.after);
  }
  const std::string before = describe_target(saved), now = describe_target(member.experiment);
  if (before != now) text += fmt::format("\n  target: {} then, {} now", before, now);
  if (text.empty()) return;
  throw Error(ExitCode::cannot_resume,
              fmt::format("the study of {} was started with other settings:{}", saved_config.string(), text),
              "Give the same settings, or start a new study in another folder with --out.");
}

// Adds the experiments, worlds and repeats of an earlier command, which `saved` (study.json) lists, to `whole`.
void extend(Study& whole, const nlohmann::json& saved) {
  if (saved["weak"].get<bool>() != whole.weak) {
    throw Error(ExitCode::cannot_resume,
                fmt::format("{} holds a study of {} scaling", whole.folder.string(), whole.weak ? "strong" : "weak"),
                whole.weak ? "Leave out --weak, or choose another folder with --out."
                           : "Add --weak, or choose another folder with --out.");
  }
  for (const auto& name : saved["experiments"].get<std::vector<std::string>>()) {
    const bool known = std::ranges::any_of(whole.members, [&](const Member& member) { return member.name == name; });
    const fs::path config = whole.folder / name / "config.yaml";
    if (!known && path_exists(config)) whole.members.push_back({name, config::read<trainer::Experiment>(config)});
  }
  for (const int world : saved["worlds"].get<std::vector<int>>()) {
    if (std::ranges::find(whole.worlds, world) == whole.worlds.end()) whole.worlds.push_back(world);
  }
  std::ranges::sort(whole.worlds);
  whole.repeats = std::max(whole.repeats, saved["repeats"].get<int>());
}

nlohmann::json describe_study(const Study& study) {
  std::vector<std::string> names;
  for (const Member& member : study.members) names.push_back(member.name);
  return {
      {"version", kVersion}, {"weak", study.weak}, {"worlds", study.worlds}, {"repeats", study.repeats}, {"experiments", names}};
}

}  // namespace

StudyFolder::StudyFolder(const Study& study) : whole_(study) {
  const fs::path file = study.folder / "study.json";
  const bool exists = path_exists(file, ExitCode::cannot_write);
  if (path_exists(study.folder, ExitCode::cannot_write) && !is_folder(study.folder)) {
    throw Error(ExitCode::usage, fmt::format("{} is a file", study.folder.string()), kOtherFolder);
  }
  if (!exists && !list_folder(study.folder, ExitCode::cannot_write).empty()) {
    throw Error(ExitCode::usage, fmt::format("the folder {} is not empty and holds no study", study.folder.string()),
                kOtherFolder);
  }
  for (const Member& member : study.members) {
    if (exists && path_exists(config_of(study, member))) compare_member(config_of(study, member), member);
  }
  if (exists) extend(whole_, read_study_json(file));
  make_folder(study.folder);
  lock_ = FolderLock(study.folder, "study in", "Wait until it has ended, or choose another folder with --out.");
  write_output(file, json_text(describe_study(whole_), 2) + "\n");
  for (const Member& member : study.members) {
    if (path_exists(config_of(study, member))) continue;
    make_folder(config_of(study, member).parent_path());
    write_output(config_of(study, member), config::to_yaml(member.experiment));
  }
}

}  // namespace hpcai::scaling
