// Trains the experiment of a config file once for each learning rate, and prints the loss that each reaches.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/process.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/run.h"

int main(int argc, char** argv) {
  try {
    for (int i = 2; i < argc; ++i) {
      const std::string rate = argv[i], folder = "rate-" + rate;
      const auto experiment = hpcai::config::read<hpcai::trainer::Experiment>(argv[1], {"optimizer.lr=" + rate});
      const auto world = hpcai::distributed::detect_world(hpcai::process_environment());
      hpcai::trainer::run_experiment(experiment, world, {.run_dir = folder, .overwrite = true});
      const auto summary = nlohmann::json::parse(std::ifstream(folder + "/summary.json"));
      std::cout << rate << ' ' << summary.at("validation").at("loss") << '\n';
    }
    return EXIT_SUCCESS;
  } catch (const hpcai::Error& error) {
    std::cerr << error.what() << '\n' << error.remedy() << '\n';
    return static_cast<int>(error.code());
  }
}
