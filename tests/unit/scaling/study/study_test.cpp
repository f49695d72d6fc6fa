#include "hpcai/scaling/study/study.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/scaling/study/outcome.h"
#include "hpcai/scaling/jobs/slurm_jobs.h"
#include "hpcai/scaling/study/study_folder.h"
#include "hpcai/scaling/study/study_worlds.h"

using namespace hpcai;
using namespace hpcai::scaling;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("hpcai-study-" + std::to_string(getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

StudyRequest request(const fs::path& folder) {
  StudyRequest request;
  request.configs = {fs::path(HPCAI_SOURCE_DIR) / "tests/cli/configs/galaxy.yaml"};
  request.overrides = {"evaluation.target_metric=accuracy", "evaluation.target_value=0.8"};
  request.worlds = "1,2";
  request.folder = folder / "study";
  return request;
}

std::string complaint(const StudyRequest& request) {
  try {
    plan_study(request);
  } catch (const Error& e) {
    CHECK(e.code() == ExitCode::usage);
    return e.what();
  }
  return "";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("worlds are read strictly, and everything wrong with them is told") {
  std::vector<std::string> problems;
  CHECK(parse_worlds("4, 1,2", problems) == std::vector<int>{1, 2, 4});
  CHECK(problems.empty());
  parse_worlds("1,0,two,,1,-3,99999999999,2.5", problems);
  CHECK(problems.size() == 7);
  problems.clear();
  parse_worlds("", problems);
  CHECK(problems.size() == 1);
}

TEST_CASE("a study tells all its problems at once") {
  Folder folder;
  CHECK(complaint(request(folder.path)).empty());
  auto bad = request(folder.path);
  bad.worlds = "0,3,128,x";
  bad.overrides = {"galaxy:training.seed=2"};
  const std::string text = complaint(bad);
  for (const char* part : {"0 ranks", "'x'", "no quality", "target_metric=accuracy", "3 ranks", "128 ranks are more than the 96",
                           "no experiment is named galaxy"}) {
    INFO(text);
    CHECK(has(text, part));
  }
  bad = request(folder.path);
  bad.configs.push_back(bad.configs[0]);
  CHECK(has(complaint(bad), "a second experiment named tiny-galaxy"));
  bad = request(folder.path);
  bad.weak = true;
  bad.worlds = "1,8";
  CHECK(has(complaint(bad), "training.global_batch 128 is larger than the 96 training samples"));
  bad = request(folder.path);
  bad.overrides[0] = "evaluation.target_metric=overlap_median";
  CHECK(has(complaint(bad), "not measured"));
  CHECK_FALSE(fs::exists(bad.folder));
}

TEST_CASE("overrides may be for one experiment alone, and runs stop at their target") {
  Folder folder;
  auto two = request(folder.path);
  two.configs.push_back(fs::path(HPCAI_SOURCE_DIR) / "tests/cli/configs/waveform.yaml");
  two.overrides = {"tiny-galaxy:evaluation.target_metric=accuracy", "tiny-waveform:evaluation.target_metric=overlap_median",
                   "evaluation.target_value=0.5"};
  const Study study = plan_study(two);
  CHECK(target_of(study.members[0].experiment).metric == "accuracy");
  CHECK(target_of(study.members[1].experiment).metric == "overlap_median");
  CHECK(study.members[1].experiment.evaluation.stop_at_target);
  CHECK(model_type_of(study.members[1].experiment) == "wavenet");
}

TEST_CASE("runs differ in ranks, seed and, for weak scaling, batch") {
  Folder folder;
  auto weak = request(folder.path);
  weak.weak = true;
  weak.repeats = 2;
  const Study study = plan_study(weak);
  const auto runs = runs_of(study);
  REQUIRE(runs.size() == 4);
  CHECK(runs[1].global_batch == 32);
  CHECK(runs[2].seed == runs[0].seed + 1);
  CHECK(runs[3].folder == study.folder / "tiny-galaxy/world-2-repeat-2");
  CHECK(arguments_of(study, runs[3], true) ==
        std::vector<std::string>{"--config", (study.folder / "tiny-galaxy/config.yaml").string(), "--set",
                                 "training.global_batch=32", "--set", "training.seed=6", "--nproc", "2", "--run-dir",
                                 runs[3].folder.string(), "--resume", "auto"});
}

TEST_CASE("a large share of a batch is done in passes that divide it") {
  Folder folder;
  auto small = request(folder.path);
  small.samples_per_pass = 3;
  const Study study = plan_study(small);
  CHECK(accumulation_of(study, study.members[0], 1) == 8);  // 16 samples: 8 passes of 2, as 6 of 3 would not divide
  CHECK(accumulation_of(study, study.members[0], 8) == 1);
  const auto arguments = arguments_of(study, runs_of(study)[0], true);
  CHECK(std::ranges::find(arguments, "training.accumulation=8") != arguments.end());
}

TEST_CASE("a folder is extended by worlds, and refused for other settings") {
  Folder folder;
  auto first = request(folder.path);
  { const StudyFolder entered(plan_study(first)); }
  first.worlds = "4,2";
  first.repeats = 3;
  {
    const StudyFolder entered(plan_study(first));
    CHECK(entered.whole().worlds == std::vector<int>{1, 2, 4});
    CHECK(entered.whole().repeats == 3);
    CHECK_THROWS_AS(StudyFolder(plan_study(first)), Error);  // in use
  }
  auto other = first;
  other.overrides.push_back("optimizer.lr=0.5");
  CHECK_THROWS_WITH(StudyFolder(plan_study(other)), Catch::Contains("optimizer.lr"));
  other = first;
  other.overrides[1] = "evaluation.target_value=0.7";
  CHECK_THROWS_WITH(StudyFolder(plan_study(other)), Catch::Contains("0.8 then") && Catch::Contains("0.7 now"));
  other = first;
  other.weak = true;
  CHECK_THROWS_WITH(StudyFolder(plan_study(other)), Catch::Contains("strong scaling"));
  other = first;
  other.folder = folder.path;
  CHECK_THROWS_WITH(StudyFolder(plan_study(other)), Catch::Contains("holds no study"));
}

TEST_CASE("an outcome is read from a summary") {
  Folder folder;
  CHECK(read_outcome(folder.path, "accuracy").status == "missing");
  write_file(folder.path / "summary.json",
             R"({"status": "finished", "world_size": 2, "time_s": 12.5, "epochs": 4, "samples_per_second": 800,
    "validation": {"accuracy": 0.93, "loss": 0.2}, "target": {"metric": "accuracy", "value": 0.9, "reached": true, "time_s": 11.5, "epoch": 4, "step": 99},
    "step_time": {"mean_s": 0.1, "compute_s": 0.06, "exposed_communication_s": 0.02, "input_s": 0.015, "imbalance_s": 0.005}, "weights_sha256": "ab"})");
  const Outcome outcome = read_outcome(folder.path, "accuracy");
  CHECK(outcome.finished());
  CHECK(outcome.world == 2);
  CHECK(outcome.reached);
  CHECK(outcome.time_to_target_s == 11.5);
  CHECK(outcome.epochs_to_target == 4);
  CHECK(outcome.quality == 0.93);
  CHECK(outcome.step->exposed_communication_s == 0.02);
  CHECK(outcome.step->step_s == 0.1);
  CHECK(outcome.step->imbalance_s == 0.005);
  fs::remove(folder.path / "summary.json");
  write_file(folder.path / "summary.json", "{");
  CHECK_THROWS_AS(read_outcome(folder.path, "accuracy"), Error);
}

TEST_CASE("a batch script asks for a task for each rank and queues itself again") {
  Folder folder;
  auto large = request(folder.path);
  large.worlds = "2,16";
  const Study study = plan_study(large);
  const std::string script = job_script(study, runs_of(study)[1], {.ranks_per_node = 4, .directives = {"--partition=gpu"}});
  for (const char* part : {"--nodes=4\n", "--ntasks=16\n", "--ntasks-per-node=4\n", "gpu:4\n", "--requeue", "--signal=USR1@120",
                           "--partition=gpu", "--open-mode=append", "srun --kill-on-bad-exit=1", "scontrol requeue"}) {
    INFO(part << " in\n" << script);
    CHECK(has(script, part));
  }
  CHECK_FALSE(has(script, "--nproc"));
  CHECK(script.starts_with("#!/bin/bash\n#SBATCH "));
  const std::string measuring = calibration_script(study, study.members[0], {.ranks_per_node = 4}, 30);
  for (const char* part : {"--nodes=2\n", "--ntasks=2\n", "--ntasks-per-node=1\n", " calibrate ", "--seconds 30"}) {
    INFO(part << " in\n" << measuring);
    CHECK(has(measuring, part));
  }
}
