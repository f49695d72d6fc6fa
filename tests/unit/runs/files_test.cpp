#include "check.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "../checkpoint/scratch.h"
#include "hpcai/runs/environment.h"
#include "hpcai/runs/metrics_file.h"
#include "hpcai/runs/run_folder.h"
#include "hpcai/runs/status_file.h"

using namespace hpcai;
using namespace hpcai::runs;
namespace fs = std::filesystem;

TEST_CASE("metrics are one JSON object a line, on disk as soon as they are written") {
  const Scratch scratch;
  MetricsFile file(scratch / "metrics.jsonl");
  file.write({{"event", "step"}, {"step", 1}, {"loss", 0.1}});
  file.write({{"event", "step"}, {"step", 2}, {"loss", NAN}, {"text", "a\nb"}});
  CHECK(slurp(scratch / "metrics.jsonl") ==
        "{\"event\":\"step\",\"loss\":0.1,\"step\":1}\n"
        "{\"event\":\"step\",\"loss\":null,\"step\":2,\"text\":\"a\\nb\"}\n");
}

TEST_CASE("on resume the lines after the checkpoint's step and a torn last line are dropped") {
  const Scratch scratch;
  const fs::path path = scratch / "metrics.jsonl";
  const std::string kept = "{\"step\":1}\n{\"event\":\"start\"}\n{\"step\":2}\n{\"event\":\"epoch\",\"step\":2}\n";
  for (const std::string torn : {"", "{\"st", "{\"step\":4}"}) {
    spill(path, kept + "{\"step\":3}\n" + torn);
    MetricsFile file(path, 2);
    CHECK(slurp(path) == kept);
    file.write({{"step", 3}});
    CHECK(slurp(path) == kept + "{\"step\":3}\n");
  }
  MetricsFile whole(path, 3);
  CHECK(slurp(path) == kept + "{\"step\":3}\n");
  MetricsFile absent(scratch / "new.jsonl", 3);
  CHECK(slurp(scratch / "new.jsonl").empty());
}

TEST_CASE("lines that a lost rank 0 has not written are added, each once") {
  const Scratch scratch;
  const fs::path path = scratch / "metrics.jsonl";
  const nlohmann::json step = {{"event", "step"}, {"step", 2}}, epoch = {{"event", "epoch"}, {"step", 2}};
  const std::string first = "{\"event\":\"step\",\"step\":1}\n", second = "{\"event\":\"step\",\"step\":2}\n",
                    third = "{\"event\":\"epoch\",\"step\":2}\n";
  for (const std::string& there : {first, first + second, first + second + third, std::string()}) {
    spill(path, there);
    MetricsFile file(path, 2);
    file.add_missing(nlohmann::json::array());
    CHECK(slurp(path) == there);
    for (int i = 0; i < 2; ++i) file.add_missing({step, epoch});
    CHECK(slurp(path) == (there.empty() ? "" : first) + second + third);
  }
}

TEST_CASE("a run that does not resume begins with empty metrics, whatever a lost attempt has left") {
  const Scratch scratch;
  spill(scratch / "metrics.jsonl", "{\"step\":0}\n{\"step\":1}\n{\"event\":\"start\"}\nnonsense");
  MetricsFile file(scratch / "metrics.jsonl");
  CHECK(slurp(scratch / "metrics.jsonl").empty());
}

TEST_CASE("damaged lines are removed on resume wherever they stand, and all other lines stay") {
  const Scratch scratch;
  const fs::path path = scratch / "metrics.jsonl";
  const std::string zeros(4096, '\0');
  const std::string damage[] = {"nonsense\n", zeros + "\n", zeros + "{\"step\":2}\n", "{\"st{\"step\":2}\n", "\n",
                                "[1]\n",      "7\n"};
  for (const std::string& damaged : damage) {
    spill(path, "{\"step\":1}\n" + damaged + "{\"step\":2}\n" + damaged + "{\"step\":9}\n" + zeros);
    MetricsFile file(path, 5);
    CHECK(slurp(path) == "{\"step\":1}\n{\"step\":2}\n");
  }
}

TEST_CASE("a metrics file that cannot be written is named") {
  const Scratch scratch;
  check_error([&] { MetricsFile(scratch / "nowhere/metrics.jsonl"); }, ExitCode::cannot_write, "nowhere/metrics.jsonl");
}

TEST_CASE("a full disk ends no run when a metric is written, only at the end if it is still full") {
  if (!fs::is_character_file("/dev/full")) {
    WARN("skipped: no /dev/full here");
    return;
  }
  MetricsFile file("/dev/full");
  CHECK_NOTHROW(file.write({{"step", 1}}));
  check_error([&] { file.finish(); }, ExitCode::cannot_write, "/dev/full: No space left");
}

TEST_CASE("metrics of a disk that was full for a while are complete") {
  const Scratch scratch;
  MetricsFile file(scratch / "metrics.jsonl");
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const struct rlimit limit { 15, before.rlim_max };
  setrlimit(RLIMIT_FSIZE, &limit);
  for (int step = 1; step <= 4; ++step) file.write({{"step", step}});
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  CHECK(slurp(scratch / "metrics.jsonl").size() == 15);
  file.finish();
  CHECK(slurp(scratch / "metrics.jsonl") == "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"step\":4}\n");
}

TEST_CASE("a run folder is made with its parents and its files are written whole") {
  const Scratch scratch;
  const auto run = RunFolder::create(scratch / "runs/first", ExistingRun::refuse);
  CHECK_FALSE(run.existed());
  run.write_config("name: first\n");
  run.write_command(std::vector<std::string>{"hpcai-train", "--set", "name=it's", "--config", "a b.yaml", ""});
  run.write_environment(describe_environment());
  run.write_summary({{"status", "done"}});
  CHECK(slurp(run.config()) == "name: first\n");
  CHECK(slurp(run.command()) == "hpcai-train --set 'name=it'\\''s' --config 'a b.yaml' ''\n");
  CHECK(nlohmann::json::parse(slurp(run.summary())) == nlohmann::json{{"status", "done"}});
  CHECK(holds_run(run.path()));
}

TEST_CASE("an existing run is refused, entered, or replaced without touching what is not its own") {
  const Scratch scratch;
  const fs::path path = scratch / "run";
  {
    const auto run = RunFolder::create(path, ExistingRun::refuse);
    run.write_config("x: 1\n");
    run.write_command(std::vector<std::string>{"hpcai-train"});
    fs::create_directories(run.checkpoints() / "step-00000001");
    spill(path / "notes.txt", "mine");
  }
  check_error([&] { RunFolder::create(path, ExistingRun::refuse); }, ExitCode::usage, "already holds a run");
  CHECK(RunFolder::create(path, ExistingRun::resume).existed());
  CHECK(fs::exists(path / "checkpoints/step-00000001"));
  CHECK_FALSE(RunFolder::create(path, ExistingRun::overwrite).existed());
  CHECK_FALSE(fs::exists(path / "checkpoints"));
  CHECK_FALSE(fs::exists(path / "config.yaml"));
  CHECK(slurp(path / "notes.txt") == "mine");
}

TEST_CASE("a foreign folder, and a file, are refused whatever is asked") {
  const Scratch scratch;
  spill(scratch / "thesis.tex", "years of work");
  for (const auto existing : {ExistingRun::refuse, ExistingRun::resume, ExistingRun::overwrite}) {
    check_error([&] { RunFolder::create(scratch.path(), existing); }, ExitCode::usage, "not empty and holds no run");
    check_error([&] { RunFolder::create(scratch / "thesis.tex", existing); }, ExitCode::usage, "is a file");
  }
  CHECK(slurp(scratch / "thesis.tex") == "years of work");
  check_error([&] { RunFolder::create(scratch / "thesis.tex/run", ExistingRun::refuse); }, ExitCode::cannot_write,
              "thesis.tex/run");
}

TEST_CASE("a run that was killed while it started can be resumed") {
  const Scratch scratch;
  fs::create_directories(scratch / "run");
  spill(scratch / "run/config.yaml", "name: x\n");
  spill(scratch / "run/command.txt.tmp-123", "hpc");
  check_error([&] { RunFolder::create(scratch / "run", ExistingRun::refuse); }, ExitCode::usage, "already holds a run");
  CHECK(RunFolder::create(scratch / "run", ExistingRun::resume).existed());
}

TEST_CASE("a lock that a program left behind does not make a folder a run") {
  const Scratch scratch;
  fs::create_directories(scratch / "run");
  spill(scratch / "run/.hpcai-lock", "{}");
  CHECK_FALSE(holds_run(scratch / "run"));
  CHECK_FALSE(RunFolder::create(scratch / "run", ExistingRun::refuse).existed());
}

TEST_CASE("text in a summary that is not UTF-8 is no failure") {
  const Scratch scratch;
  const auto run = RunFolder::create(scratch / "run", ExistingRun::refuse);
  run.write_summary({{"error", "cut\xe9.png is damaged"}});
  CHECK(nlohmann::json::parse(slurp(run.summary())).at("error") == "cut\xef\xbf\xbd.png is damaged");
}

TEST_CASE("a run folder in use is refused and free again afterwards") {
  const Scratch scratch;
  {
    const auto run = RunFolder::create(scratch / "run", ExistingRun::refuse);
    check_error([&] { RunFolder::create(scratch / "run", ExistingRun::refuse); }, ExitCode::usage, "in use");
  }
  CHECK_NOTHROW(RunFolder::create(scratch / "run", ExistingRun::refuse));
}

TEST_CASE("runs that start at the same time take different free folders") {
  const Scratch scratch;
  fs::create_directories(scratch / "runs");
  fs::create_symlink("nowhere", scratch / "runs/a-2");
  std::mutex mutex;
  std::vector<std::string> names;
  std::vector<std::thread> starts;
  for (int i = 0; i < 8; ++i) {
    starts.emplace_back([&] {
      const auto run = RunFolder::create_free(scratch / "runs/a");
      const std::lock_guard lock(mutex);
      names.push_back(run.path().filename());
    });
  }
  for (std::thread& start : starts) start.join();
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"a", "a-3", "a-4", "a-5", "a-6", "a-7", "a-8", "a-9"});
}

TEST_CASE("a run whose folder was moved writes no summary into another folder") {
  const Scratch scratch;
  const auto run = RunFolder::create(scratch / "run", ExistingRun::refuse);
  fs::rename(scratch / "run", scratch / "moved");
  fs::create_directories(scratch / "run");
  check_error([&] { run.write_summary({{"status", "failed"}}); }, ExitCode::cannot_write, "moved, removed or replaced");
  CHECK(fs::is_empty(scratch / "run"));
}

TEST_CASE("the status of a run is replaced whole, and a failure to write it is ignored") {
  const Scratch scratch;
  StatusFile file(scratch / "status.json");
  CHECK(file.due());
  file.write({{"status", "running"}, {"loss", NAN}});
  CHECK_FALSE(file.due());
  file.write({{"status", "stopped"}});
  const auto status = nlohmann::json::parse(slurp(scratch / "status.json"));
  CHECK(status.at("status") == "stopped");
  CHECK(status.at("process") == getpid());
  CHECK(status.at("time").get<std::string>().size() == std::string("2026-01-01T00:00:00Z").size());
  CHECK(std::distance(fs::directory_iterator(scratch.path()), fs::directory_iterator()) == 1);
  fs::create_directories(scratch / "here");
  StatusFile moved(scratch / "here/status.json");
  fs::rename(scratch / "here", scratch / "there");
  fs::create_directories(scratch / "here");
  CHECK_NOTHROW(moved.write({{"status", "running"}}));
  CHECK(fs::is_empty(scratch / "here"));
  fs::create_directories(scratch / "folder/status.json");
  StatusFile taken(scratch / "folder/status.json");
  CHECK_NOTHROW(taken.write({{"status", "running"}}));
  CHECK(std::distance(fs::directory_iterator(scratch / "folder"), fs::directory_iterator()) == 1);
}

TEST_CASE("the environment is described, and secrets among the variables are withheld") {
  const auto environment = describe_environment();
  for (const char* key : {"program_version", "commit", "torch_version", "compiler", "cpu", "cores", "gpus", "host", "started"}) {
    INFO(key);
    CHECK(environment.contains(key));
  }
  CHECK(environment.at("torch_version").get<std::string>().starts_with("2."));
  CHECK(environment.at("cores").get<int>() >= 1);
  CHECK(environment.at("started").get<std::string>().size() == std::string("2026-01-01T00:00:00Z").size());
  const auto kept = run_variables({{"SLURM_JOB_ID", "5"},
                                   {"SLURM_JWT", "abc"},
                                   {"OMP_NUM_THREADS", "2"},
                                   {"NCCL_API_KEY", "abc"},
                                   {"MASTER_PASSWORD", "abc"},
                                   {"HOME", "/root"},
                                   {"AWS_SECRET_ACCESS_KEY", "abc"},
                                   {"CUDA_BAD", "\xff"}});
  CHECK(kept == std::map<std::string, std::string>{{"SLURM_JOB_ID", "5"},
                                                   {"SLURM_JWT", "<withheld>"},
                                                   {"OMP_NUM_THREADS", "2"},
                                                   {"NCCL_API_KEY", "<withheld>"},
                                                   {"MASTER_PASSWORD", "<withheld>"},
                                                   {"CUDA_BAD", "\\xff"}});
}
