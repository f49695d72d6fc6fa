#include "hpcai/distributed/meeting/secret.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"

using namespace hpcai::distributed;
using hpcai::Environment;

TEST_CASE("the secret depends on the job and on what the user gives") {
  World world;
  world.job = "slurm 1.0";
  World other = world;
  other.job = "slurm 2.0";
  const Environment given{{"HPCAI_SECRET", "x"}};
  CHECK(job_secret(world, {}) == job_secret(world, {}));
  CHECK(job_secret(world, {}) != job_secret(other, {}));
  CHECK(job_secret(world, given) != job_secret(world, {}));
  CHECK(job_secret(world, given) != job_secret(other, given));
  CHECK(secret_is_guessable(world, {}));
  CHECK_FALSE(secret_is_guessable(world, given));
  world.launcher = "nproc";
  CHECK_FALSE(secret_is_guessable(world, {}));

  const auto file = std::filesystem::temp_directory_path() / ("hpcai-secret-" + std::to_string(getpid()));
  hpcai::write_file(file, "x\n");
  chmod(file.c_str(), 0600);
  CHECK(job_secret(other, {{"HPCAI_SECRET_FILE", file}}) == job_secret(other, given));
  chmod(file.c_str(), 0640);
  CHECK_THROWS_AS(job_secret(other, {{"HPCAI_SECRET_FILE", file}}), hpcai::Error);
  std::filesystem::remove(file);
}
