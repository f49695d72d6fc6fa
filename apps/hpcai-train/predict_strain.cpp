#include "predict_strain.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <iostream>
#include <map>
#include <optional>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/text.h"
#include "hpcai/data/sources/simulated_strain.h"
#include "hpcai/inference/comparison.h"
#include "hpcai/inference/event.h"
#include "hpcai/inference/event_figure.h"
#include "hpcai/inference/posterior.h"
#include "hpcai/runs/hashes.h"
#include "output_name.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;

// What people ask for first, with its unit.
constexpr std::pair<const char*, const char*> kShown[] = {{"chirp_mass", "solar masses, detector frame"},
                                                          {"mass_ratio", "m2 / m1"},
                                                          {"chi_eff", ""},
                                                          {"total_mass", "solar masses, detector frame"},
                                                          {"luminosity_distance", "Mpc"}};

inference::SpectrumFiles spectra_of(const StrainOptions& options) {
  inference::SpectrumFiles spectra;
  const auto add = [&](const std::vector<std::string>& list, const char* option, data::SpectrumKind kind) {
    for (const std::string& text : list) {
      const size_t equals = text.find('=');
      if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
        throw Error(ExitCode::usage, fmt::format("{} {}: is not DETECTOR=FILE", option, printable(text)),
                    fmt::format("For example {} H1=H1_spectrum.txt.", option));
      }
      if (!spectra.emplace(text.substr(0, equals), inference::SpectrumFile{text.substr(equals + 1), kind}).second) {
        throw Error(ExitCode::usage, fmt::format("{} {}: the detector has two spectra", option, printable(text)), "Give one.");
      }
    }
  };
  add(options.power_spectra, "--psd", data::SpectrumKind::power);
  add(options.amplitude_spectra, "--asd", data::SpectrumKind::amplitude);
  return spectra;
}

const data::SimulatedStrainConfig& strain_config(const trainer::Experiment& experiment, const std::string& run) {
  if (const auto* config = std::get_if<data::SimulatedStrainConfig>(&experiment.data)) return *config;
  throw Error(ExitCode::usage, fmt::format("--strain: the network of {} was not trained on the strain of detectors", run),
              "Give the run of a config with data.type: simulated_strain, such as configs/waveform/posterior.yaml.");
}

// Neither output may replace an input or the other one.
void require_outputs(const StrainOptions& options, const inference::SpectrumFiles& spectra, const std::string& out,
                     std::vector<fs::path> inputs) {
  inputs.insert(inputs.end(), options.files.begin(), options.files.end());
  for (const auto& [detector, file] : spectra) inputs.push_back(file.path);
  if (!options.compare.empty()) inputs.emplace_back(options.compare);
  if (!out.empty()) {
    require_output(out, "--out", inputs);
    inputs.emplace_back(out);
  }
  if (options.corner.empty()) return;
  require_ending(options.corner, "--corner", {".svg"}, "The plot is an SVG picture.");
  require_output(options.corner, "--corner", inputs);
}

void print(const inference::EventAnswer& answer, const data::PosteriorTable& table) {
  const inference::Trigger& trigger = answer.trigger;
  std::cout << fmt::format("merger at GPS {:.4f} at {}; signal-to-noise ratio {:.1f} in the matched filter\n", trigger.gps_s,
                           answer.observation.detectors.front().detector, trigger.snr);
  for (const auto& [name, unit] : kShown) {
    const auto interval = inference::interval_of(table, name);
    std::cout << fmt::format("  {:<20} {:>9.4g}   90 %: {:.4g} to {:.4g}  {}\n", name, interval.at("median").get<double>(),
                             interval.at("low").get<double>(), interval.at("high").get<double>(), unit);
  }
  if (answer.used_likelihood) {
    std::cout << fmt::format(
        "{} draws, weighted with the exact likelihood: {:.0f} effective ({:.2g} %; of the network's own draws {:.2g} %); "
        "ln evidence against noise {:.2f} +- {:.2f}\n",
        answer.weighted.weight.size(), answer.weighted.effective_samples, 100 * answer.weighted.efficiency,
        100 * answer.network_efficiency, answer.weighted.log_evidence, answer.weighted.log_evidence_error);
  } else {
    std::cout << fmt::format("{} draws of the network, without the exact likelihood\n", answer.weighted.weight.size());
  }
  for (const std::string& flag : answer.flags) log::warning("{}", flag);
}

void print(const std::vector<inference::Difference>& differences, const std::string& reference) {
  std::cout << fmt::format("Jensen-Shannon divergence from {}, and the medians there:\n", reference);
  for (const auto& [parameter, bits, median] : differences) {
    std::cout << fmt::format("  {:<20} {:>9.4f} bits {:>12.5g}\n", parameter, bits, median);
  }
}

nlohmann::json report_of(const std::vector<inference::Difference>& differences) {
  nlohmann::json report = nlohmann::json::object();
  for (const auto& [parameter, bits, median] : differences) report[parameter] = {{"js_bits", bits}, {"reference_median", median}};
  return report;
}

nlohmann::json report_of(const inference::EventAnswer& answer, const data::PosteriorTable& table) {
  nlohmann::json intervals = nlohmann::json::object();
  for (const std::string& name : table.parameters) intervals[name] = inference::interval_of(table, name);
  nlohmann::json report = inference::facts_of(answer);
  report["intervals_90"] = intervals;
  return report;
}

}  // namespace

void StrainOptions::add_to(CLI::App& app) {
  const char* group = "An event in the strain of detectors";
  const auto several = [](CLI::Option* option) {
    return option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  // CLI11's own range lets nan pass.
  const auto between = [](double low, double high) {
    return CLI::Validator(
        [low, high](const std::string& text) {
      const auto value = parse_number<double>(text);
      return value && *value >= low && *value <= high ? std::string() : fmt::format("is no number from {:g} to {:g}", low, high);
        },
        fmt::format("from {:g} to {:g}", low, high));
  };
  auto* strain = several(app.add_option(
      "--strain", files, "A strain file of the Gravitational-Wave Open Science Center (HDF5); one for each detector"));
  for (const char* other : {"--input", "--split", "--refine"}) strain->excludes(app.get_option(other));
  auto* gps = app.add_option("--gps", gps_s, "GPS time of the merger, within --search")->type_name("S")->check(between(1, 1e11));
  strain->type_name("FILE")->group(group)->needs(gps);
  std::vector<CLI::Option*> others{gps};
  const auto add = [&](const char* name, auto& value, const char* help) {
    others.push_back(app.add_option(name, value, help));
    return others.back();
  };
  add("--search", search_s, "The merger is searched within this time of --gps (default 0.1)")
      ->type_name("S")
      ->check(between(0, 0.4));
  several(add("--psd", power_spectra, "Noise spectrum of a detector, text of frequency (Hz) and power (1/Hz); else estimated"))
      ->type_name("DETECTOR=FILE");
  several(add("--asd", amplitude_spectra, "The same with the amplitude (1/sqrt(Hz))"))->type_name("DETECTOR=FILE");
  add("--draws", draws, "Draws whose likelihood is computed (default 50000)")->type_name("N")->check(CLI::Range(100, 100000000));
  add("--samples", samples, "Samples of equal weight that are written (default 5000)")
      ->type_name("N")
      ->check(CLI::Range(1, 100000000));
  add("--distance-power", distance_power,
      "The prior density of the distance is in proportion to this power of it (default 2: equal in space)")
      ->type_name("P")
      ->check(between(-4, 4));
  others.push_back(app.add_flag("--no-likelihood", no_likelihood, "Take the network's answer as it is"));
  add("--seed", seed, "Chooses the draws (default 1)")->type_name("N")->check(CLI::NonNegativeNumber);
  add("--corner", corner, "Draw a corner plot into this file (.svg)")->type_name("FILE");
  add("--compare", compare, "Compare with the samples of another program in this CSV file")->type_name("FILE");
  others.push_back(app.add_flag("--json", json, "Print the result as JSON"));
  for (CLI::Option* option : others) option->group(group)->needs(strain);
}

int predict_strain(const TrainedOptions& trained_options, const StrainOptions& options, const std::string& out) {
  const std::string& run_dir = trained_options.only_run("--strain");
  data::NetworkUse use;
  Trained trained = load_network(trained_options, /*needs_labels=*/false, use);
  const data::SimulatedStrainConfig& model = strain_config(trained.experiment, run_dir);
  if (use.other_data) {
    throw Error(ExitCode::usage, "--set changes the data of the training, on which the network's answer depends",
                "Leave it out; data.likelihood_high_hz may be changed.");
  }
  const inference::SpectrumFiles spectra = spectra_of(options);
  require_outputs(options, spectra, out, trained.inputs);

  std::optional<inference::ReferencePosterior> reference;
  if (!options.compare.empty()) reference = inference::read_reference(options.compare, inference::posterior_parameters(model));

  const inference::EventSettings settings{.draws = options.draws,
                                          .distance_power = options.distance_power,
                                          .search_s = options.search_s,
                                          .seed = static_cast<uint64_t>(options.seed),
                                          .use_likelihood = !options.no_likelihood,
                                          .threads = at::get_num_threads()};
  const inference::Recording recording(model, {options.files.begin(), options.files.end()}, spectra, options.gps_s);
  auto& density = dynamic_cast<models::ConditionalDensity&>(*trained.model);
  const auto answer = inference::answer_event(model, recording, density, options.gps_s, settings);
  data::PosteriorTable table =
      inference::posterior_table(answer.weighted, model, answer.observation.gps_s, options.samples, settings.seed);
  table.metadata = inference::metadata_of(answer, trained.checkpoint);

  std::vector<inference::Difference> differences;
  if (reference) differences = inference::differences(table, *reference);
  if (options.json) {
    nlohmann::json report = report_of(answer, table);
    if (reference) report["comparison"] = report_of(differences);
    std::cout << json_text(report, 2) << '\n';
  } else {
    print(answer, table);
    if (reference) print(differences, reference->name);
  }
  if (!out.empty()) {
    if (fs::path(out).extension() == ".csv") {
      write_output(out, data::posterior_csv(table));
    } else {
      data::write_posterior_hdf5(out, table);
    }
    runs::record_outputs({out});
    log::info("{} samples in {}", options.samples, out);
  }
  if (!options.corner.empty()) {
    write_output(options.corner, inference::corner_plot(answer, model, table).svg());
    runs::record_outputs({options.corner});
    log::info("corner plot in {}", options.corner);
  }
  return 0;
}

}  // namespace hpcai::app
