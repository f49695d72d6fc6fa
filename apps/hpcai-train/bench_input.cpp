#include "bench_input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "hpcai/data/input_speed.h"
#include "hpcai/data/verify.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/sources.h"

namespace hpcai::app {
namespace {

constexpr double kSeconds = 1.5;  // of a measurement on one thread

nlohmann::json json_of(const data::InputSpeed& speed) {
  nlohmann::json stages = nlohmann::json::object();
  for (size_t i = 0; i < data::kStages; ++i) {
    const auto stage = static_cast<data::Stage>(i);
    const double rate = speed.samples_per_second(stage);
    if (rate == 0) continue;
    stages[std::string(data::kStageNames[i])] = {{"samples_per_second", rate}, {"mb_per_second", speed.mb_per_second(stage)}};
  }
  return {{"threads", speed.threads},
          {"samples", speed.samples},
          {"bytes_read_per_sample", speed.bytes_read_per_sample()},
          {"samples_per_second", speed.samples_per_second()},
          {"cpu_s_per_sample", speed.cpu_seconds_per_sample()},
          {"stages", std::move(stages)}};
}

// The same batches on one thread and on all threads.
nlohmann::json measure_epoch(const data::Dataset& data, const data::Sampler& sampler, int64_t batches, int threads) {
  nlohmann::json report = {{"one_thread", json_of(data::measure_input(data, sampler, batches, 1, kSeconds))}};
  report["all_threads"] =
      threads == 1 ? report["one_thread"] : json_of(data::measure_input(data, sampler, batches, threads, kSeconds));
  return report;
}

// In pieces of what is read for a sample, from as much memory as the samples are; of samples that are not read, of their input.
nlohmann::json memcpy_speed(const nlohmann::json& epoch, const data::Dataset& data, int threads) {
  constexpr int64_t kMostBytes = int64_t{1} << 28;
  const int64_t read_bytes = epoch.at("one_thread").at("bytes_read_per_sample");
  const int64_t piece = read_bytes > 0 ? read_bytes : data.input_size() * static_cast<int64_t>(sizeof(float));
  const int64_t source = std::clamp(kMostBytes / piece, int64_t{1}, data.size()) * piece;
  return {{"one_thread", data::memcpy_mb_per_second(piece, source, 1)},
          {"all_threads", data::memcpy_mb_per_second(piece, source, threads)}};
}

std::string row(const std::string& name, const nlohmann::json& one, const nlohmann::json& all) {
  const auto rates = [](const nlohmann::json& of) {
    return fmt::format("{:>14.0f}{:>10}", of.at("samples_per_second").get<double>(),
                       of.contains("mb_per_second") && of["mb_per_second"] > 0.0
                           ? fmt::format("{:.0f}", of["mb_per_second"].get<double>())
                           : "");
  };
  return fmt::format("  {:<14}{}{}\n", name, rates(one), rates(all));
}

std::string epoch_rows(const nlohmann::json& epoch) {
  const nlohmann::json &one = epoch.at("one_thread"), &all = epoch.at("all_threads");
  std::string rows;
  for (const std::string_view stage : data::kStageNames) {
    const std::string name(stage);
    if (one["stages"].contains(name) && all["stages"].contains(name)) rows += row(name, one["stages"][name], all["stages"][name]);
  }
  return rows + row("all stages", one, all);
}

}  // namespace

nlohmann::json measure_input_path(const trainer::Experiment& experiment, int threads) {
  trainer::Experiment uncached = experiment;
  data::disable_cache(uncached.data);
  for (trainer::SourceConfig& source : uncached.sources) data::disable_cache(source.data);
  const auto open = [&](const trainer::Experiment& from) { return trainer::open_training_data(from, threads, false).train; };
  const auto first = open(uncached), later = open(experiment);
  const data::Sampler sampler(first->size(), experiment.training.global_batch, 0, 1, data::SamplerMode::training,
                              static_cast<uint64_t>(experiment.training.seed));
  nlohmann::json report = {{"input_shape", first->spec().input_shape},
                           {"channels_last", first->is_channels_last()},
                           {"global_batch", experiment.training.global_batch},
                           {"samples", first->size()}};
  const int64_t batches = data::batches_in(*first, sampler, kSeconds);
  report["first_epoch"] = measure_epoch(*first, sampler, batches, threads);
  report["memcpy_mb_per_second"] = memcpy_speed(report["first_epoch"], *first, threads);
  data::measure_input(*later, sampler, batches, threads, 0);  // fills the cache
  report["later_epochs"] = measure_epoch(*later, sampler, batches, threads);
  return report;
}

std::string input_report_text(const nlohmann::json& report) {
  const int threads = report.at("first_epoch").at("all_threads").at("threads");
  const nlohmann::json &memcpy = report.at("memcpy_mb_per_second"), &step = report.at("step");
  std::string text = fmt::format(
      "samples of shape [{}], in batches of {}; the files are in the system's memory where it has room\n\n",
      fmt::join(report.at("input_shape").get<std::vector<int64_t>>(), ", "), report.at("global_batch").get<int64_t>());
  text += fmt::format("  {:<14}{:>24}{:>24}\n", "", "one thread", threads == 1 ? "1 thread" : fmt::format("{} threads", threads));
  text += fmt::format("  {:<14}{:>14}{:>10}{:>14}{:>10}\n", "", "samples/s", "MB/s", "samples/s", "MB/s");
  text += "first epoch, without the cache\n" + epoch_rows(report.at("first_epoch"));
  text += "later epochs, with the cache of the config\n" + epoch_rows(report.at("later_epochs"));
  text += fmt::format("bound\n  {:<14}{:>24.0f}{:>24.0f}\n\n", "memcpy", memcpy.at("one_thread").get<double>(),
                      memcpy.at("all_threads").get<double>());
  text += fmt::format("a step takes {:.4g} s, of which it waits {:.3g} s for input: {:.2f} %\n", step.at("step_s").get<double>(),
                      step.at("input_s").get<double>(), 100 * step.at("input_share").get<double>());
  return text;
}

}  // namespace hpcai::app
