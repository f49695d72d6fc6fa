#include "check.h"

#include <unistd.h>

#include <array>
#include <ctime>

#include "../checkpoint/scratch.h"
#include "hpcai/config/writer.h"
#include "hpcai/core/json.h"
#include "hpcai/core/utc_time.h"
#include "hpcai/runs/read_run.h"

using namespace hpcai;
using namespace hpcai::runs;
namespace fs = std::filesystem;

namespace {

Settings settings_in(const std::string& yaml) {
  std::optional<std::string> damage;
  Settings settings = parse_settings(yaml, damage);
  CHECK(damage.value_or("") == "");
  return settings;
}

nlohmann::json status_by(int64_t process, const std::string& host, std::time_t time, const std::string& status = "running") {
  return {{"status", status}, {"process", process}, {"host", host}, {"time", utc_text(time)}};
}

}  // namespace

TEST_CASE("the settings of a run are those that the writer of configs has written") {
  const config::Json values = {
      {"name", "a \"b\""},
      {"data", {{"type", "arrays"}, {"files", {"x.h5", "y z.h5"}}, {"none", nullptr}}},
      {"training", {{"stages", {{{"epochs", 2}, {"freeze", {{"from", "exit"}}}}, {{"epochs", 3}}}}, {"lr", 1e-3}}},
      {"y", true},
      {"empty", config::Json::array()}};
  const Settings settings = settings_in(config::write_yaml(values));
  const std::vector<Settings::Entry> expected = {{"name", "\"a \\\"b\\\"\""},
                                                 {"data.type", "arrays"},
                                                 {"data.files", "[x.h5, \"y z.h5\"]"},
                                                 {"data.none", "null"},
                                                 {"training.stages[0].epochs", "2"},
                                                 {"training.stages[0].freeze.from", "exit"},
                                                 {"training.stages[1].epochs", "3"},
                                                 {"training.lr", "0.001"},
                                                 {"y", "true"},
                                                 {"empty", "[]"}};
  CHECK(settings.entries() == expected);
  CHECK(value_of(*settings.find("name")) == "a \"b\"");
  CHECK(value_of(*settings.find("training.lr")) == 0.001);
  CHECK(value_of(*settings.find("training.stages[1].epochs")) == 3);
  CHECK(value_of(*settings.find("y")) == true);
  CHECK(value_of(*settings.find("data.none")).is_null());
  CHECK(settings.find("training") == nullptr);
}

TEST_CASE("a config of another layout gives the settings before the first line that is not understood") {
  std::optional<std::string> damage;
  const Settings settings = parse_settings("name: a\n# comment\n\ndata:\n  type: b\nno key here\nlast: 1\n", damage);
  CHECK(settings.entries().size() == 2);
  CHECK(damage.value_or("") == "line 6 is not as this program writes it");
  for (const char* text : {"\"", "- ", "a:b", ":", "\"a\" b", "a: 1\n   b: 2"}) {
    damage.reset();
    parse_settings(text, damage);
    CHECK(damage.has_value());
  }
}

TEST_CASE("a run lives as long as its process, and a killed one is told from a silent one") {
  const std::time_t now = std::time(nullptr);
  const nlohmann::json none = nlohmann::json::object();
  CHECK(state_of(status_by(getpid(), "here", now), none, now, "here").name == "running");
  CHECK(state_of(status_by(getpid(), "here", now, "starting"), none, now, "here").name == "starting");
  // A number that belongs to a process that was started later is another process's number.
  CHECK(state_of(status_by(getpid(), "here", now - 86400), none, now, "here").name == "killed");
  CHECK(state_of(status_by(1 << 30, "here", now), none, now, "here").name == "killed");
  CHECK(state_of(status_by(1 << 30, "there", now - 60), none, now, "here").name == "running");
  CHECK(state_of(status_by(1 << 30, "there", now - 3600), none, now, "here").name == "silent");
  CHECK(state_of(status_by(1 << 30, "here", now, "finished"), none, now, "here").name == "finished");
  CHECK(state_of(none, {{"status", "stopped"}}, now, "here").name == "stopped");
  CHECK(state_of(none, none, now, "here").name == "unknown");
  CHECK(state_of({{"status", "running"}, {"host", "here"}}, none, now, "here").name == "unknown");
  CHECK(state_of({{"status", 7}}, {{"status", nullptr}}, now, "here").name == "unknown");
}

TEST_CASE("times are read as they are written") {
  CHECK(parse_utc(utc_text(1234567890)) == 1234567890);
  for (const char* text : {"", "yesterday", "2026-01-31", "2026-01-31T23:59:00Z.", "2026-13-31T23:59:00Z"})
    CHECK_FALSE(parse_utc(text));
}

TEST_CASE("a run with damaged and missing files is read as far as it is known, and says what is wrong") {
  const Scratch scratch;
  const fs::path folder = scratch / "run";
  fs::create_directory(folder);
  check_error([&] { read_run(folder); }, ExitCode::missing_input, "holds no run");
  check_error([&] { read_run(scratch / "none"); }, ExitCode::missing_input, "is not a folder");

  spill(folder / "status.json", "{\"status\": \"runn");
  spill(folder / "environment.json", "[1]");
  spill(folder / "metrics.jsonl",
        "{\"event\":\"evaluation\",\"step\":5,\"loss\":0.5}\nnonsense\n{\"event\":\"step\",\"step\":6}\n{\"eve");
  Run run = read_run(folder);
  CHECK(run.name() == "run");
  CHECK(run.state.name == "unknown");
  REQUIRE(run.last_evaluation);
  CHECK(run.last_evaluation->at("loss") == 0.5);
  CHECK(run.faults == std::vector<std::string>{"status.json is no JSON object", "environment.json is no JSON object",
                                               "config.yaml is missing"});
  std::vector<std::string> faults;
  CHECK(read_metrics(folder, faults).size() == 2);
  CHECK(faults == std::vector<std::string>{"metrics.jsonl: 1 line is no JSON object"});

  spill(folder / "config.yaml", "name: x\n");
  spill(folder / "status.json", "{\"status\":\"finished\"}");
  spill(folder / "summary.json", "{\"status\":\"finished\",\"steps\":6}");
  spill(folder / "environment.json", "{}");
  run = read_run(folder / "");
  CHECK(run.name() == "run");
  CHECK(run.state.name == "finished");
  CHECK(run.faults.empty());
  CHECK_FALSE(run.last_evaluation);  // the summary has the final one
  CHECK(*run.settings.find("name") == "x");
}

TEST_CASE("the last evaluation is found at the end of a long file") {
  const Scratch scratch;
  std::string text;
  for (int step = 1; step <= 3000; ++step) {
    text += "{\"event\":\"step\",\"step\":" + std::to_string(step) + ",\"loss\":1.0}\n";
    if (step % 1000 == 0) text += "{\"event\":\"evaluation\",\"step\":" + std::to_string(step) + "}\n";
  }
  spill(scratch / "metrics.jsonl", text + "{\"event\":\"evaluation\",\"st");
  const auto last = last_evaluation(scratch.path());
  REQUIRE(last);
  CHECK(last->at("step") == 3000);
}

TEST_CASE("the data of a run are those of its environment, else those of its newest checkpoint") {
  const Scratch scratch;
  const nlohmann::json data = {{"train", {{"samples", 4}}}};
  for (const char* step : {"step-00000002", "step-00000010"}) fs::create_directories(scratch / "checkpoints" / step);
  fs::create_directories(scratch / "checkpoints" / "step-x");
  spill(scratch / "checkpoints" / "step-00000010" / "state.json", nlohmann::json{{"card", {{"data", data}}}}.dump());
  spill(scratch / "checkpoints" / "step-00000010" / "manifest.json", "{\"step\":10}");
  Run run = read_run(scratch.path());
  CHECK(data_of(run) == data);
  const auto saved = saved_steps(scratch.path());
  REQUIRE(saved.size() == 2);
  CHECK(saved[1].step == 10);
  CHECK(saved[1].manifest.at("step") == 10);
  run.environment["data"] = {{"train", {{"samples", 5}}}};
  CHECK(data_of(run).at("train").at("samples") == 5);
}

TEST_CASE("a folder has its name under every path that leads to it") {
  const Scratch scratch;
  fs::create_directories(scratch / "runs/my run/checkpoints");
  fs::create_directory_symlink(scratch / "runs/my run", scratch / "link");
  const fs::path run = scratch / "runs/my run", real = fs::canonical(run);
  CHECK(named_path("runs/a") == "runs/a");
  CHECK(named_path("runs/a//") == "runs/a");
  CHECK(named_path("runs/\xe9/") == "runs/\xe9");
  CHECK(named_path(run / ".") == real);
  CHECK(named_path(run / "checkpoints/..") == real);
  CHECK(named_path(run / "./") == real);
  CHECK(named_path(scratch / "link") == scratch / "link");
  CHECK(named_path(scratch / "link/checkpoints/..") == real);
  CHECK(read_run(run / ".").name() == "my run");
}
