#include "check.h"

#include <set>

#include "../checkpoint/scratch.h"
#include "hpcai/core/file.h"
#include "hpcai/runs/compare_runs.h"
#include "hpcai/runs/condition.h"
#include "hpcai/runs/derived.h"
#include "hpcai/runs/facts.h"
#include "hpcai/runs/find_runs.h"
#include "hpcai/runs/hashes.h"
#include "hpcai/runs/known_metrics.h"
#include "hpcai/runs/text_table.h"
#include "hpcai/tasks/metric.h"
#include "hpcai/tasks/tasks.h"

using namespace hpcai;
using namespace hpcai::runs;
namespace fs = std::filesystem;

namespace {

Run run_with(double lr, double accuracy, const std::string& status = "finished") {
  Run run{.path = "runs/a", .state = {status, ""}, .settings = {}};
  run.settings.add("name", "a");
  run.settings.add("optimizer.type", "adam");
  run.settings.add("optimizer.lr", std::to_string(lr));
  run.settings.add("training.stages[0].epochs", "2");
  run.settings.add("training.stages[1].epochs", "5");
  run.summary = {
      {"status", status}, {"steps", 10}, {"validation", {{"accuracy", accuracy}, {"loss", 1 - accuracy}}}, {"time_s", 2.5}};
  run.environment = {
      {"started", "2026-01-31T12:00:00Z"}, {"cpu", "Xeon"}, {"threads", {{"default", 2}, {"because", "share of the cores"}}}};
  return run;
}

bool holds(const std::string& condition, const Run& run) { return parse_condition(condition).holds(run); }

}  // namespace

TEST_CASE("conditions ask for settings, results, states and times") {
  const Run run = run_with(0.05, 0.9);
  for (const char* text : {"optimizer.lr<0.1", "optimizer.lr <= 0.05", "validation.accuracy>=0.9", "validation.loss<0.2",
                           "status=finished", "status != stopped", "optimizer.type==adam", "optimizer.type~ada",
                           "environment.cpu=Xeon", "steps=10", "time_s>2", "started>2026-01-30", "started<2026-02-01T00:00:00Z",
                           "training.stages[1].epochs=5", "training.stages[].epochs=2", "none=null", "none!=3", "run~runs/"}) {
    INFO(text);
    CHECK(holds(text, run));
  }
  for (const char* text : {"optimizer.lr>0.1", "optimizer.lr<0.05", "status=stopped", "none<1", "none=1", "none!=null",
                           "training.stages[].epochs>5", "optimizer.type<3", "validation.accuracy!=0.9", "started>2026-02-01"}) {
    INFO(text);
    CHECK_FALSE(holds(text, run));
  }
}

TEST_CASE("a condition of another form is refused") {
  for (const char* text : {"", "optimizer.lr", "=3", "optimizer.lr<", "<", "~x", " = "}) {
    INFO(text);
    check_error([&] { parse_condition(text); }, ExitCode::usage, "a condition is KEY, a comparison and a value");
  }
}

TEST_CASE("an unknown key of a condition is refused with the nearest ones") {
  const std::vector<Run> all = {run_with(0.05, 0.9)};
  const std::vector<std::string> settings = {"optimizer.lr", "optimizer.type", "training.stages[].epochs"};
  for (const char* key : {"optimizer.lr", "training.stages[3].epochs", "validation.accuracy", "status", "environment.cpu"}) {
    CHECK_NOTHROW(require_known_key(key, settings, all, "--where"));
  }
  const auto remedy = [&](const std::string& key) {
    try {
      require_known_key(key, settings, all, "--where");
    } catch (const Error& error) {
      return error.remedy();
    }
    return std::string("accepted");
  };
  CHECK_THAT(remedy("optimiser.lr"), Catch::Contains("optimizer.lr"));
  CHECK_THAT(remedy("accuracy"), Catch::Contains("validation.accuracy"));
  CHECK_THAT(remedy("staus"), Catch::Contains("status"));
  CHECK(remedy("zzzzzz").find("Did you mean") == std::string::npos);
}

TEST_CASE("a run without a summary has the metrics of its last evaluation and the steps of its status") {
  Run run = run_with(0.05, 0.9, "killed");
  run.summary = nlohmann::json::object();
  run.status = {{"step", 7}, {"loss", 0.25}};
  run.last_evaluation = {{"event", "evaluation"}, {"accuracy", 0.8}};
  CHECK(fact_of(run, "validation.accuracy") == 0.8);
  CHECK(fact_of(run, "steps") == 7);
  CHECK(fact_of(run, "status") == "killed");
  CHECK(fact_of(run, "progress.loss") == 0.25);
  const auto keys = result_keys(run);
  CHECK(std::count(keys.begin(), keys.end(), "validation.accuracy") == 1);
}

TEST_CASE("the steps of a resumed run are those of its status while it lives, and those of its summary afterwards") {
  Run run = run_with(0.05, 0.9, "running");
  run.status = {{"step", 12}};
  CHECK(fact_of(run, "steps") == 12);
  run.state.name = "finished";
  CHECK(fact_of(run, "steps") == 10);
}

TEST_CASE("a comparison lists settings, data, code, machines and results, each with what differs") {
  Run a = run_with(0.05, 0.9), b = run_with(0.1, 0.8);
  a.environment["data"] = {{"train", {{"samples", 10}, {"names", "x"}}}};
  b.environment["data"] = {{"train", {{"samples", 12}, {"names", "x"}}}};
  b.environment["commit"] = "abc";
  const auto parts = compare_runs(a, b);
  REQUIRE(parts.size() == 5);
  const std::vector<std::string> names = {"settings", "data", "code", "machines", "results"};
  for (size_t i = 0; i < parts.size(); ++i) CHECK(parts[i].part == names[i]);
  REQUIRE(parts[0].differences.size() == 1);
  CHECK(parts[0].differences[0].key == "optimizer.lr");
  CHECK(parts[0].equal == 4);
  CHECK(relative_change(parts[0].differences[0].before, parts[0].differences[0].after) == "+100 %");
  REQUIRE(parts[1].differences.size() == 1);
  CHECK(parts[1].differences[0].key == "train.samples");
  CHECK(parts[2].differences[0].before.is_null());
  CHECK(parts[3].differences.empty());
  CHECK(parts[4].differences.size() == 2);  // accuracy and loss
  CHECK(relative_change(nullptr, 3) == "");
  CHECK(relative_change(0, 3) == "");
  CHECK(relative_change(4, 3) == "-25 %");
}

TEST_CASE("the best of several runs is found by a metric whose direction is known") {
  const std::vector<Run> all = {run_with(0.05, 0.9), run_with(0.1, 0.95), run_with(0.2, 0.8)};
  CHECK(usual_metric(all) == "validation.accuracy");
  CHECK(best_run(all, "validation.accuracy") == 1);
  CHECK(best_run(all, "validation.loss") == 1);
  CHECK(best_run(all, "time_s") == 0);
  CHECK(best_run(all, "optimizer.lr") == -1);
  CHECK(best_run(all, "test.loss") == -1);
  const auto none = [](const std::string&) { return false; };
  CHECK(differing_settings(all, none) == std::vector<std::string>{"optimizer.lr"});
  CHECK(differing_settings(all, [](const std::string& key) { return key == "optimizer.lr"; }).empty());
}

TEST_CASE("the metrics by which runs are judged are those of the tasks, in the same direction") {
  for (const tasks::Metric& metric : tasks::all_metrics()) {
    INFO(metric.name);
    const auto higher = is_higher_better(metric.name);
    REQUIRE(higher);
    CHECK(*higher == metric.higher_is_better);
    CHECK(main_metric({{std::string(metric.name), 0.5}}) == metric.name);
  }
  CHECK_FALSE(is_higher_better("optimizer.lr"));
  CHECK(main_metric({{"samples", 3}}) == "");
  CHECK(main_metric(nullptr) == "");
}

TEST_CASE("what a run has derived from its settings is told") {
  Run run = run_with(0.1, 0.9);
  run.settings.add("training.threads", "0");
  run.settings.add("training.global_batch", "64");
  run.settings.add("optimizer.lr_scaling", "linear");
  run.settings.add("optimizer.lr_base_batch", "32");
  run.environment["ranks"] = 4;
  CHECK(derived_from(run, "training.threads") == "2 threads (share of the cores)");
  CHECK(derived_from(run, "training.global_batch") == "16 samples on each of 4 ranks");
  CHECK_THAT(derived_from(run, "optimizer.lr").value_or(""), Catch::StartsWith("0.2 for the global batch"));
  CHECK_FALSE(derived_from(run, "optimizer.type"));
}

TEST_CASE("runs are found below folders, also in links, each once, and checkpoints are not searched") {
  const Scratch scratch;
  for (const char* name : {"a", "deep/b", "deep/c/checkpoints/step-00000001", "user"}) fs::create_directories(scratch / name);
  for (const char* name : {"a", "deep/b", "deep/c", "deep/c/checkpoints/step-00000001"})
    spill(scratch / name / "status.json", "{}");
  spill(scratch / "user" / "config.yaml", "name: x\n");
  fs::create_directory_symlink(scratch.path(), scratch / "deep" / "around");
  const std::vector<fs::path> expected = {scratch / "a", scratch / "deep/b", scratch / "deep/c"};
  CHECK(find_runs({scratch.path()}) == expected);
  CHECK(find_runs({scratch / "a", scratch.path()}) == expected);
  CHECK(read_runs(expected, {}).size() == 3);
  CHECK(read_runs({scratch / "a", scratch / "gone"}, {}).size() == 1);
  check_error([&] { find_runs({scratch / "gone"}); }, ExitCode::missing_input, "is not a folder");
}

TEST_CASE("a changed or missing file of a run is found by its hash") {
  const Scratch scratch;
  for (const char* name : {"config.yaml", "summary.json", "report.html"}) spill(scratch / name, name);
  CHECK(check_hashes(scratch.path()).empty());
  record_hashes(scratch.path());
  record_outputs({scratch / "report.html"});
  const auto faults = [&] {
    std::set<std::string> found;
    for (const HashCheck& check : check_hashes(scratch.path())) {
      if (!check.fault.empty()) found.insert(check.file + " " + check.fault);
    }
    return found;
  };
  CHECK(check_hashes(scratch.path()).size() == 3);
  CHECK(faults().empty());
  spill(scratch / "report.html", "another");
  fs::remove(scratch / "summary.json");
  CHECK(faults() ==
        std::set<std::string>{"report.html has changed since it was written (SHA-256 differs)", "summary.json is missing"});
  record_outputs({scratch / "report.html"});
  CHECK(faults().size() == 1);
  spill(scratch / "hashes.json", "nonsense");
  check_error([&] { check_hashes(scratch.path()); }, ExitCode::bad_data, "hashes.json");
}

TEST_CASE("an output is recorded in the finished run around it, whatever path leads there") {
  const Scratch scratch;
  for (const char* name : {"run/quality/inner", "other"}) fs::create_directories(scratch / name);
  fs::create_directory_symlink(scratch / "run", scratch / "link");
  for (const char* name : {"run/config.yaml", "run/predictions.csv", "run/quality/inner/roc.svg", "other/x.csv", "run/\xe9.csv"})
    spill(scratch / name, name);
  record_outputs({scratch / "run/predictions.csv"});
  CHECK_FALSE(fs::exists(scratch / "run/hashes.json"));  // the run has not finished
  record_hashes(scratch / "run");
  record_outputs({scratch / "link/predictions.csv", scratch / "other/../run/quality/inner/roc.svg", scratch / "other/x.csv",
                  scratch / "run/\xe9.csv", scratch / "gone.csv"});
  std::vector<std::string> files;
  for (const HashCheck& check : check_hashes(scratch / "run")) files.push_back(check.file);
  CHECK(files == std::vector<std::string>{"config.yaml", "predictions.csv", "quality/inner/roc.svg"});
  CHECK_FALSE(fs::exists(scratch / "other/hashes.json"));
}

TEST_CASE("a table aligns words on the left and numbers on the right") {
  TextTable table({"run", "steps", "lr"});
  table.add({"a", "5", "0.1"});
  table.add({"long", "12", "-"});
  table.add({"b", "-3", "+1"});
  CHECK(table.text() ==
        "run   steps   lr\n"
        "a         5  0.1\n"
        "long     12    -\n"
        "b        -3   +1\n");
  TextTable bare({"", ""});
  bare.add({"é", "x"});
  CHECK(bare.text(2) == "  é  x\n");
}
