#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "commands.h"
#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/process.h"
#include "hpcai/core/text.h"
#include "hpcai/distributed/exchange/make_group.h"
#include "hpcai/distributed/exchange/on_all_ranks.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/scaling/model/calibrate.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/gpu.h"
#include "hpcai/trainer/threads.h"
#include "inputs.h"

namespace hpcai::app {
namespace {

struct CalibrateWords {
  ConfigOptions config;
  int nproc = 0;
  double seconds = 60;
  std::vector<int64_t> batches;
  std::string out = "calibration.json";
  bool json = false;
};

void tell(const scaling::Calibration& calibration, const std::string& path) {
  const scaling::Workload& work = calibration.workload;
  auto cost = [](const char* name, const scaling::Cost& c) {
    log::info("{:<10} {:.3g} ms and {:.3g} ms a sample", name, c.fixed_s * 1e3, c.per_sample_s * 1e3);
  };
  cost("forward", work.forward);
  cost("backward", work.backward);
  cost("update", work.update);
  if (work.team > 0)
    log::info("threads    {:.0f}; {:.0f} % of the computing time goes down with more of them", work.team, 100 * work.parallel);
  double bytes = 0;
  for (const auto& bucket : work.buckets) bytes += bucket.bytes;
  log::info("gradients  {:.4g} MB in {}", bytes * 1e-6, plural(std::ssize(work.buckets), "bucket"));
  log::info("input      {:.3g} ms a sample while the rank computes nothing", work.input_s_per_sample * 1e3);
  if (calibration.link.empty()) {
    log::warning("the link was not measured, because that needs two ranks (--nproc 2, or srun)");
  } else {
    const auto& link = calibration.one_host ? calibration.machine.in_node : calibration.machine.between_nodes;
    log::info("link       {:.3g} us a hop, {}; small exchanges {:.3g} us a hop; the lines miss a measurement by at most {:.0f} %",
              link.latency_s * 1e6, link.s_per_byte > 0 ? fmt::format("{:.3g} GB/s", 1e-9 / link.s_per_byte) : "any bandwidth",
              link.blocking_latency_s * 1e6, calibration.worst_link_residual * 100);
    if (link.s_per_byte == 0) {
      log::warning(
          "the largest exchanges took no longer than the smallest, so the predictions assume an infinite bandwidth: calibrate "
          "again while no other program uses these cores and this network, or with more --seconds");
    }
  }
  log::info("written to {}", path);
}

int calibrate(const CommandLine& line, const CalibrateWords& options) {
  const trainer::Experiment experiment = options.config.read();
  if (options.batches.size() == 1 || (options.batches.size() > 1 && options.batches.front() == options.batches.back())) {
    throw Error(ExitCode::usage, "--batch: the cost of a pass and the cost of a sample cannot be separated with one size",
                "Give two, such as --batch 4,32.");
  }
  if (const auto status = start_ranks(line, options.nproc, experiment.distributed.port)) return *status;
  const auto world = distributed::detect_world(process_environment(), static_cast<int>(experiment.distributed.port));
  const auto group = distributed::make_group(world, experiment.distributed, trainer::use_gpu(experiment.training.device));
  trainer::set_threads(experiment.training, group->placement());
  distributed::on_all_ranks(*group, [&] {
    if (group->rank() == 0) require_output(options.out, "--out", inputs_of(options.config, experiment));
  });
  const auto calibration =
      scaling::calibrate(experiment, *group, world, {.seconds = options.seconds, .batches = options.batches});
  if (group->rank() != 0) return 0;
  scaling::write_calibration(options.out, calibration);
  tell(calibration, options.out);
  if (options.json) std::cout << json_text(scaling::to_json(calibration), 2) << std::endl;
  return 0;
}

}  // namespace

void add_calibrate(CommandLine& line) {
  auto options = std::make_shared<CalibrateWords>();
  CLI::App* app =
      line.app.add_subcommand("calibrate", "Measure for a minute what plan and scaling need to predict other world sizes");
  app->footer(
      "examples: hpcai-train calibrate --config configs/galaxy/quickstart.yaml --nproc 2\n"
      "          srun --nodes=2 --ntasks-per-node=1 hpcai-train calibrate --config FILE --out cluster.json\n"
      "Times steps at two batch sizes on all ranks of a host at once, the loader, and exchanges between the ranks.\n"
      "Without --nproc and without a launcher there is one rank, and the link is not measured.");
  options->config.add_to(*app);
  add_nproc(*app, options->nproc);
  app->add_option("--seconds", options->seconds, "Approximate duration")->type_name("S")->check(CLI::Range(1.0, 3600.0));
  app->add_option("--batch", options->batches,
                  "Samples of a pass to time, such as 4,32; default the config's batch and an eighth of it")
      ->type_name("N,N")
      ->delimiter(',')
      ->check(CLI::Range(1, 1 << 24));
  app->add_option("--out", options->out, "File to write")->type_name("FILE");
  app->add_flag("--json", options->json, "Also print the result as JSON");
  app->callback([&line, options] { line.run = [&line, options] { return calibrate(line, *options); }; });
}

}  // namespace hpcai::app
