#include "hpcai/jobs/batch_script.h"

#include <catch2/catch.hpp>

#include "hpcai/core/error.h"

using namespace hpcai;
using namespace hpcai::jobs;

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

TEST_CASE("each job of an array has a run folder of its own") {
  const std::string text = batch_script({.name = "search", .array = "1-4", .command = {"x"}, .run_dir = "runs/x y"});
  CHECK(text.find("#SBATCH --array=1-4\n") != std::string::npos);
  CHECK(text.find("\nrun_dir='runs/x y'/$SLURM_ARRAY_TASK_ID\n") != std::string::npos);
}
