#include "experiment_seeds.h"

#include <filesystem>

#include "hpcai/config/config.h"
#include "hpcai/core/file.h"
#include "hpcai/data/fingerprint.h"
#include "hpcai/trainer/experiment.h"

namespace fuzz {

using namespace hpcai;

Seeds config_seeds() {
  Seeds seeds;
  for (const char* name : {"waveform/quickstart.yaml", "galaxy/quickstart.yaml"}) {
    seeds.push_back(read_file(std::filesystem::path(HPCAI_SOURCE_DIR) / "configs" / name));
    seeds.push_back(
        config::to_yaml(config::read<trainer::Experiment>(std::filesystem::path(HPCAI_SOURCE_DIR) / "configs" / name)));
  }
  return seeds;
}

trainer::CourseSettings course_settings() {
  trainer::Experiment experiment;
  experiment.training.epochs = 3;
  experiment.training.global_batch = 8;
  return trainer::CourseSettings::from(experiment);
}

nlohmann::json card() {
  return {{"model",
           {{"version", 1},
            {"input_shape", {3, 8, 8}},
            {"class_names", {"elliptical", "spiral"}},
            {"target_names", nlohmann::json::array()},
            {"time_grid", nullptr},
            {"scaling", "signed"}}},
          {"data", {{"train", data::Fingerprint{kStateSamples, "a", "b", "c"}}, {"validation", data::Fingerprint{}}}}};
}

Seeds state_seeds() {
  trainer::Course course(course_settings(), kStateSamples);
  course.step_done();
  nlohmann::json state = course.state();
  state["card"] = card();
  return {state.dump(1), state.dump()};
}

}  // namespace fuzz
