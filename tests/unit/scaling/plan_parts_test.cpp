#include <catch2/catch.hpp>

#include "hpcai/core/error.h"
#include "hpcai/scaling/jobs/batch_script.h"
#include "hpcai/scaling/model/calibration.h"

using namespace hpcai;
using namespace hpcai::scaling;

TEST_CASE("times as Slurm writes them") {
  CHECK(parse_slurm_time("30") == 30 * 60);
  CHECK(parse_slurm_time("30:15") == 30 * 60 + 15);
  CHECK(parse_slurm_time("4:00:00") == 4 * 3600);
  CHECK(parse_slurm_time("1-12") == 36 * 3600);
  CHECK(parse_slurm_time("1-12:30") == 36 * 3600 + 30 * 60);
  CHECK(parse_slurm_time("2-00:00:05") == 48 * 3600 + 5);
  for (const char* text : {"", "soon", "0", "0:00:00", "1:2:3:4", "1-", "-5", "4h"})
    CHECK_THROWS_AS(parse_slurm_time(text), Error);
  CHECK(format_slurm_time(4 * 3600) == "04:00:00");
  CHECK(format_slurm_time(36 * 3600 + 61) == "1-12:01:01");
  CHECK(parse_slurm_time(format_slurm_time(123456)) == 123456);
}

TEST_CASE("a batch script quotes what a shell would take apart") {
  const std::string text = batch_script({.name = "a b", .command = {"hpcai-train", "--set", "name=it's $HOME"}});
  CHECK(text.find("'name=it'\\''s $HOME'") != std::string::npos);
  CHECK(text.find("#SBATCH --job-name=a-b\n") != std::string::npos);
}

TEST_CASE("a job has a secret, is queued again and is held as those of scripts/slurm") {
  BatchJob job{.name = "x", .folder = "a b", .output = "a b/x.txt", .directives = {"--time=5"}, .run_dir = "runs/x y"};
  const std::string train = batch_script(job);
  for (const char* part : {"run_dir='runs/x y'\n", "export HPCAI_SECRET", "scontrol requeuehold", "#SBATCH --signal=USR1@120\n",
                           "#SBATCH --chdir='a b'\n#SBATCH --output='a b/x.txt'\n#SBATCH --time=5\n"}) {
    CAPTURE(part, train);
    CHECK(train.find(part) != std::string::npos);
  }
  job.stops_on_signal = false;
  CHECK(batch_script(job).find("--signal") == std::string::npos);
}

TEST_CASE("a calibration survives being written and read, and nonsense in it is named") {
  Calibration calibration;
  calibration.name = "x";
  calibration.batches = {1, 8};
  calibration.workload.forward = {0.1 + 0.2, 1e-9};
  calibration.workload.buckets = {{1e6, 0.25}, {2e6, 1}};
  calibration.workload.spread = {0.9, 1.1};
  calibration.machine.between_nodes = {1e-5, 1e-9, 1e-6, 2e-9, 8e-6, 7e-6, 3e-10};
  calibration.machine.algorithm = Algorithm::tree;
  calibration.link = {{false, 1024, 5, 1e-3, 1e-4, 1.1e-3}, {true, 24, 5, 1e-5, 1e-6, 1e-5}};
  const nlohmann::json json = to_json(calibration);
  CHECK(to_json(calibration_from_json(json)) == json);
  CHECK_FALSE(find_calibration("/no/such/calibration.json"));

  auto refused = [&](const char* pointer, const nlohmann::json& value) {
    nlohmann::json changed = json;
    changed[nlohmann::json::json_pointer(pointer)] = value;
    try {
      calibration_from_json(changed);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(refused("/format", "else").find("format") != std::string::npos);
  CHECK(refused("/workload/forward/fixed_s", -1).find("fixed cost") != std::string::npos);
  CHECK(refused("/workload/buckets/0/ready", 2).find("ready at 2") != std::string::npos);
  CHECK(refused("/workload/parallel", 1.5).find("parallel") != std::string::npos);
  CHECK(refused("/machine/in_node/latency_s", "fast").find("type") != std::string::npos);
}
