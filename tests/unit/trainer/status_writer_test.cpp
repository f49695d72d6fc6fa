#include "hpcai/trainer/status_writer.h"

#include <nlohmann/json.hpp>

#include "../checkpoint/scratch.h"
#include "../checkpoint/states.h"

using namespace hpcai;
using namespace hpcai::trainer;
namespace fs = std::filesystem;

TEST_CASE("status.json tells what a run does, from its start over a failure to save to its end") {
  const Scratch scratch;
  const auto status = [&] { return nlohmann::json::parse(slurp(scratch / "status.json")); };
  const ThroughputMeter meter;
  StatusWriter writer(scratch / "status.json", meter);
  CHECK(status().at("status") == "starting");
  CHECK(status().at("total_steps").is_null());

  checkpoint::Checkpoints checkpoints(scratch / "checkpoints", 3, {}, /*max_unsaved_s=*/60);
  checkpoints.prepare();
  writer.begin({.steps = 50}, {.step = 4, .epoch = 1}, 4, checkpoints);
  CHECK(status().at("status") == "running");
  CHECK(status().at("step") == 4);
  CHECK(status().at("epoch") == 1);
  CHECK(status().at("total_steps") == 50);
  CHECK(status().at("last_checkpoint") == 4);
  CHECK(status().at("loss").is_null());

  fs::rename(scratch / "checkpoints", scratch / "moved");
  checkpoint::save_now(checkpoints, 6, checkpoint::state_of(6));
  writer.step_done({.position = {.step = 6, .epoch = 1}, .loss = 0.5}, 1);
  CHECK(status().at("status") == "saving failed");
  CHECK(status().at("step") == 6);
  CHECK(status().at("loss") == 0.5);
  CHECK(status().at("left_s").is_null());  // the rate is not known yet
  CHECK(status().at("warnings").at("count").is_number());
  CHECK(status().at("last_checkpoint") == 4);
  CHECK(status().at("unsaved_since").is_string());
  CHECK_THAT(status().at("error").get<std::string>(), Catch::Contains("moved"));

  fs::rename(scratch / "moved", scratch / "checkpoints");
  checkpoints.finish();
  writer.paused(0.1);
  CHECK(status().at("status") == "running");
  CHECK(status().at("last_checkpoint") == 6);
  CHECK(status().at("unsaved_since").is_null());
  CHECK(status().at("error").is_null());
  writer.end("failed", "all is lost");
  CHECK(status().at("status") == "failed");
  CHECK(status().at("error") == "all is lost");
}
