#include "overlaps.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <vector>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/text.h"
#include "hpcai/data/progress.h"
#include "hpcai/data/strain/spectrum_file.h"
#include "hpcai/metrics/overlap.h"
#include "hpcai/metrics/waveform_report.h"
#include "hpcai/runs/hashes.h"
#include "hpcai/simulate/overlap.h"
#include "hpcai/simulate/strain/units.h"
#include "calibration_report.h"

namespace hpcai::app {
namespace {

namespace fs = std::filesystem;

constexpr double kSpectrumStep = 0.25;      // Hz
constexpr double kHighestFrequency = 0.24;  // cycles per M, above which the waveforms have no power

std::vector<double> weights_of(const OverlapOptions& options, const simulate::TimeGrid& grid) {
  if (options.noise_curve.empty()) return {};
  const double highest_hz = std::min(kHighestFrequency, 0.5 / grid.step) / (options.total_mass * simulate::kSolarMassSeconds);
  if (highest_hz <= options.lowest_hz) {
    throw Error(ExitCode::usage,
                fmt::format("--total-mass {:g}: the waveforms end at {:.1f} Hz, below --low-frequency {:g}", options.total_mass,
                            highest_hz, options.lowest_hz),
                "Take a smaller total mass.");
  }
  const auto kind = options.noise_power ? data::SpectrumKind::power : data::SpectrumKind::amplitude;
  const auto spectrum = data::read_spectrum(options.noise_curve, kind, {options.lowest_hz, highest_hz, kSpectrumStep});
  return simulate::noise_weights({spectrum, options.lowest_hz, options.total_mass}, grid);
}

// The files of a report.
constexpr const char *kOverlapsCsv = "overlaps.csv", *kReportJson = "report.json", *kReportMarkdown = "report.md",
                     *kMismatchFigure = "mismatch.svg", *kWorstFigure = "worst.svg";
constexpr std::array kReportFiles = {kOverlapsCsv, kReportJson, kReportMarkdown, kMismatchFigure, kWorstFigure};

void write_report(const metrics::WaveformQuality& quality, const simulate::TimeGrid& grid, const OverlapOptions& options,
                  const std::string& subject) {
  const nlohmann::json report = metrics::waveform_report(quality);
  runs::ReportFolder folder(options.report, "--report");
  folder.write(kOverlapsCsv, metrics::report_csv(quality));
  folder.write(kReportJson, json_text(report, 2) + "\n");
  folder.write(kReportMarkdown, metrics::report_markdown(report, subject));
  folder.write(kMismatchFigure, metrics::mismatch_figure(quality, subject));
  folder.write(kWorstFigure, metrics::worst_figure(quality, grid, subject));
  folder.record();
  log::info("tables and figures in {}", printable(fs::path(options.report)));
}

}  // namespace

void OverlapOptions::add_to(CLI::App& app) {
  auto* curve =
      app.add_option("--noise-curve", noise_curve,
                     "Overlap with a detector's noise: text of frequency (Hz) and amplitude spectral density (1/sqrt(Hz))")
          ->type_name("FILE");
  auto* mass =
      app.add_option("--total-mass", total_mass, "Total mass as the detector sees it, in solar masses, for --noise-curve")
          ->type_name("M")
          ->check(CLI::Range(0.1, 1e5));
  curve->needs(mass);
  mass->needs(curve);
  app.add_flag("--noise-power", noise_power, "The noise curve holds power spectral densities (1/Hz)")->needs(curve);
  app.add_option("--low-frequency", lowest_hz, "Lowest frequency (Hz) that counts, for --noise-curve")
      ->type_name("F")
      ->check(CLI::Range(0.1, 1e4))
      ->needs(curve);
  app.add_option("--overlaps", samples, "Waveforms whose overlap is computed, spread evenly; 0: none (default: all)")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  app.add_option(
         "--report", report,
         "Folder for tables and figures: overlaps.csv, report.md, mismatch.svg ...; of a density: ranks.csv, pp.svg ...; of a "
         "classification: classification.json, report.md, predictions.csv, roc.svg, confusion.svg, mistakes.svg ...")
      ->type_name("DIR");
}

void OverlapOptions::check(const Trained& trained) const {
  if (!noise_curve.empty()) weights_of(*this, trained.waveform_grid("--noise-curve"));
  if (report.empty()) return;
  const bool of_densities = trained.estimates_densities();
  const std::vector<std::string> of_task = trained.task->report_files();
  const bool of_waveforms = !of_densities && of_task.empty();
  if (of_waveforms) trained.waveform_grid("--report");
  if (of_waveforms && samples == 0) {
    throw Error(ExitCode::usage, "--report: --overlaps 0 leaves nothing to report", "Leave out one of the two.");
  }
  make_folder(report);
  std::vector<fs::path> inputs = trained.inputs;
  if (!noise_curve.empty()) inputs.emplace_back(noise_curve);
  const auto require = [&](const std::string& name) { require_output(fs::path(report) / name, "--report", inputs); };
  std::ranges::for_each(of_task, require);
  if (of_densities) std::ranges::for_each(kCalibrationFiles, require);
  if (of_waveforms) std::ranges::for_each(kReportFiles, require);
}

nlohmann::json measure_overlaps(const Trained& trained, const tasks::EvaluationResult& result, const OverlapOptions& options,
                                const std::string& data_name) {
  if (options.samples == 0) return nlohmann::json::object();
  const simulate::TimeGrid& grid = trained.waveform_grid("evaluate");
  const auto& all = result.predictions;
  const at::Tensor covered = metrics::covered_rows(all.target);
  const int64_t left_out = all.target.size(0) - covered.size(0);
  if (left_out > 0) {
    log::info("{} of {} samples lie outside the range of the model that regenerates waveforms: they have no overlap", left_out,
              all.target.size(0));
  }
  const at::Tensor chosen = metrics::spread_evenly(covered, options.samples);
  const at::Tensor truth = all.target.index_select(0, chosen), prediction = all.prediction.index_select(0, chosen);
  if (chosen.numel() == 0 && !options.report.empty()) {
    throw Error(ExitCode::bad_data, "--report: no sample has an overlap", "Leave out --report, or take other samples.");
  }
  const auto start = std::chrono::steady_clock::now();
  const auto overlaps = metrics::overlaps(truth, prediction, grid, at::get_num_threads(), weights_of(options, grid),
                                          data::log_progress("overlaps"));
  const double time_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  log::info("{} overlaps in {:.2f} s, {:.0f} a second", overlaps.values.size(), time_s,
            static_cast<double>(overlaps.values.size()) / time_s);
  if (!options.report.empty()) {
    metrics::WaveformQuality quality{{}, metrics::binaries(truth), metrics::binaries(prediction), overlaps.values};
    for (int64_t i = 0; i < chosen.numel(); ++i) {
      quality.ids.push_back(trained.dataset->id(all.index[static_cast<size_t>(chosen[i].item<int64_t>())]));
    }
    std::string subject = fmt::format("{} of {}, step {}", data_name, trained.experiment.name, trained.step);
    if (!options.noise_curve.empty()) {
      subject += fmt::format(", noise of {} at {:g} solar masses", fs::path(options.noise_curve).filename().string(),
                             options.total_mass);
    }
    write_report(quality, grid, options, subject);
  }
  nlohmann::json summary = overlaps.summary();
  summary["overlap_left_out"] = left_out;
  return summary;
}

}  // namespace hpcai::app
