#include "temperature.h"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/text.h"
#include "hpcai/data/open.h"
#include "hpcai/metrics/reliability.h"
#include "hpcai/metrics/temperature.h"
#include "hpcai/runs/hashes.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;

constexpr const char *kShaKey = "checkpoint_sha256", *kViewsKey = "symmetric_views";
constexpr double kSmallest = 1e-3, kLargest = 1e3;  // temperatures that a file may say

fs::path calibration_file(const std::string& run_dir) { return fs::path(run_dir) / "calibration.json"; }

std::string command_to_fit(const std::string& run_dir) {
  return fmt::format("Fit it: hpcai-train evaluate --calibrate --run-dir {} --checkpoint last|best|NAME.", printable(run_dir));
}

nlohmann::json read_calibration(const fs::path& path) {
  try {
    nlohmann::json calibration = parse_json(read_file(path));
    number_at(calibration, "temperature", kSmallest, kLargest);
    calibration.at(kShaKey).get<std::string>();
    calibration.at(kViewsKey).get<bool>();
    return calibration;
  } catch (const nlohmann::json::exception& error) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}", printable(path), error.what()), "Fit the temperature again.");
  } catch (const std::out_of_range& error) {
    throw Error(ExitCode::bad_data, fmt::format("{}: {}", printable(path), error.what()), "Fit the temperature again.");
  }
}

std::unique_ptr<data::Dataset> open_validation(const trainer::Experiment& experiment, const data::NetworkUse& use) {
  if (auto dataset = data::find_split(experiment.data, data::Split::validation, use)) return dataset;
  throw Error(
      ExitCode::missing_input, "--calibrate: the data have no validation split",
      "A temperature is fitted on samples that the training did not learn from: train with a validation split, or name one "
      "with --set, such as --set data.validation=FILE or --set data.split_column=COLUMN.");
}

}  // namespace

double temperature_of(const Trained& trained) {
  trained.require_probabilities("--calibrated");
  const fs::path path = calibration_file(trained.run_dir);
  if (!path_exists(path)) {
    throw Error(ExitCode::missing_input, fmt::format("--calibrated: {} does not exist", printable(path)),
                command_to_fit(trained.run_dir));
  }
  const nlohmann::json calibration = read_calibration(path);
  if (calibration.at(kShaKey) != trained.weights_sha()) {
    throw Error(ExitCode::usage,
                fmt::format("--calibrated: the temperature in {} belongs to other weights than those of {}", printable(path),
                            printable(trained.checkpoint)),
                command_to_fit(trained.run_dir));
  }
  if (calibration.at(kViewsKey) != trained.experiment.evaluation.symmetric_views) {
    throw Error(ExitCode::usage,
                fmt::format("--calibrated: the temperature in {} was fitted with evaluation.symmetric_views={}", printable(path),
                            calibration.at(kViewsKey).get<bool>()),
                "Fit it again with the same --set.");
  }
  return calibration.at("temperature").get<double>();
}

int fit_and_write_temperature(const TrainedOptions& options, bool json) {
  TrainedOptions chosen = options.of_run(options.only_run("--calibrate"));
  chosen.split = "validation";
  data::NetworkUse use;
  Trained trained = load_network(chosen, /*needs_labels=*/true, use);
  trained.require_probabilities("--calibrate");
  const fs::path path = calibration_file(trained.run_dir);
  require_output(path, "--calibrate");
  trained.dataset = open_validation(trained.experiment, use);
  const auto gathered = trained.evaluate().predictions;
  const metrics::Classified before = metrics::classified(gathered.prediction, gathered.target);
  const auto temperature = metrics::fit_temperature(before);
  if (!temperature) {
    throw Error(ExitCode::bad_data,
                fmt::format("the {} samples of the validation split determine no temperature: none from {} to {} has the least "
                            "log loss",
                            before.samples(), metrics::kLowestTemperature, metrics::kHighestTemperature),
                "It is so if the network is right for all of them, or no better than chance. Validate on more samples.");
  }
  const metrics::Classified after = metrics::with_temperature(before, *temperature);
  const auto error = [](const metrics::Classified& of) { return metrics::expected_calibration_error(metrics::reliability(of)); };
  const nlohmann::json calibration = {{"temperature", *temperature},
                                      {"split", chosen.split},
                                      {"samples", before.samples()},
                                      {"step", trained.step},
                                      {"checkpoint", fs::path(trained.checkpoint).filename().string()},
                                      {kShaKey, trained.weights_sha()},
                                      {kViewsKey, trained.experiment.evaluation.symmetric_views},
                                      {"log_loss_before", metrics::log_loss(before)},
                                      {"log_loss_after", metrics::log_loss(after)},
                                      {"ece_before", error(before)},
                                      {"ece_after", error(after)}};
  write_output(path, json_text(calibration, 2) + "\n", "--calibrate");
  runs::record_outputs({path});
  log::info("temperature in {}; evaluate and predict use it with --calibrated", printable(path));
  print_report(calibration, json, [&] {
    std::cout << fmt::format(
        "validation of {}, step {}: temperature {:.4g}, log loss {:.4g} before and {:.4g} after, calibration "
        "error {:.4g} before and {:.4g} after\n",
        trained.run_dir, trained.step, *temperature, metrics::log_loss(before), metrics::log_loss(after), error(before),
        error(after));
  });
  return 0;
}

}  // namespace hpcai::app
