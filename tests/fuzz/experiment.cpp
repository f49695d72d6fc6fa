#include <array>
#include <nlohmann/json.hpp>

#include "experiment_seeds.h"
#include "hpcai/checkpoint/load.h"
#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/trainer/course.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/model_record.h"
#include "target.h"

namespace fuzz {
namespace {

using namespace hpcai;

void read_config(std::string_view bytes) { config::parse<trainer::Experiment>(bytes, "config"); }

// state.json under a good seal.
void read_state(std::string_view bytes) {
  checkpoint::read_content("checkpoint", [&] {
    const auto state = nlohmann::json::parse(bytes);
    if (!state.is_object()) throw Error(ExitCode::bad_data, "state.json: is not a JSON object");
    trainer::refuse_changed_data(state, card(), "run");
    trainer::sample_spec_of(state, "state.json");
    trainer::Course course(course_settings(), kStateSamples);
    course.load(state);
  });
}

constexpr std::array kTargets = {Target{"config", read_config, config_seeds}, Target{"state", read_state, state_seeds}};

}  // namespace

std::span<const Target> targets() { return kTargets; }

}  // namespace fuzz
