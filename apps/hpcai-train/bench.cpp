#include <fmt/format.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>

#include "bench_input.h"
#include "bench_start.h"
#include "bench_update.h"
#include "commands.h"
#include "hpcai/core/error.h"
#include "hpcai/core/json.h"
#include "hpcai/core/log.h"
#include "hpcai/core/output_file.h"
#include "hpcai/core/process.h"
#include "hpcai/core/threads/cores.h"
#include "hpcai/core/threads/openmp.h"
#include "hpcai/distributed/exchange/on_all_ranks.h"
#include "hpcai/distributed/world/world.h"
#include "hpcai/scaling/model/clock.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/incarnation.h"
#include "hpcai/trainer/judgements.h"
#include "inputs.h"
#include "trace.h"

namespace hpcai::app {
namespace {

constexpr int kTracedSteps = 3;

struct BenchOptions {
  ConfigOptions config;
  int nproc = 0;
  int64_t steps = 20;
  int64_t warmup = 3;
  std::string trace;
  std::string start;
  bool input = false, update = false, json = false;
};

double now_s() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// The time at which this process started, on the clock of now_s(); field 22 of /proc/self/stat.
double process_start_s() {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string word;
  for (int field = 3; field <= 22; ++field) fields >> word;
  return std::stod(word) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// The largest resident set of this program. getrusage would include the process that started it, whose number survives exec.
double peak_rss_mb() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(line.find(':') + 1)) / 1024;
  }
  rusage usage{};  // where /proc does not say it
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Runs some more steps on all ranks; rank 0 records a trace of them.
void trace_steps(const std::string& file, distributed::Group& group, trainer::Loop& loop) {
  const auto steps = [&] {
    for (int i = 0; i < kTracedSteps; ++i) loop.step();
    group.wait_for_device();
  };
  if (group.rank() == 0) {
    trace(file, group.device().is_cuda(), steps);
  } else {
    steps();
  }
}

void require_start(const BenchOptions& options, const trainer::Experiment& experiment, const distributed::Group& group) {
  if (group.size() > 1)
    throw Error(ExitCode::usage, "--save-start is for one rank",
                "Leave out --nproc: the start of a training is the same on all ranks.");
  require_output(options.start, "--save-start", inputs_of(options.config, experiment));
}

void refuse_unfitting(const BenchOptions& options) {
  if (options.input && options.update)
    throw Error(ExitCode::usage, "--input and --update are both given", "Leave one of them out.");
  if ((options.input || options.update) && !(options.trace.empty() && options.start.empty())) {
    throw Error(ExitCode::usage, "--trace and --save-start do not go with --input and --update", "Start bench once for each.");
  }
  if (options.json && !options.input && !options.update) {
    throw Error(ExitCode::usage, "--json belongs to --input and --update", "Leave it out: bench then always prints JSON.");
  }
}

int print_update(const trainer::Experiment& experiment, trainer::Incarnation& incarnation, bool as_json) {
  if (incarnation.group().device().is_cuda()) {
    throw Error(ExitCode::usage, "--update measures updates on a CPU", "Add --set training.device=cpu.");
  }
  const nlohmann::json report = measure_update(experiment, *incarnation.training().model);
  print_report(report, as_json, [&] { std::cout << update_report_text(report); });
  return 0;
}

// `report`: of the steps.
int print_input(const trainer::Experiment& experiment, const nlohmann::json& report, bool as_json) {
  nlohmann::json input = measure_input_path(experiment, available_cores());
  const double step_s = report.at("step_time").at("mean_s"), input_s = report.at("step_time").at("input_s");
  input["step"] = {{"step_s", step_s},
                   {"input_s", input_s},
                   {"input_share", step_s > 0 ? input_s / step_s : 0},
                   {"loader_threads", experiment.loader.threads}};
  print_report(input, as_json, [&] { std::cout << input_report_text(input); });
  return 0;
}

int bench(const CommandLine& line, const BenchOptions& options) {
  refuse_unfitting(options);
  trainer::Experiment experiment = options.config.read();
  if (options.nproc > 0) trainer::refuse_problems(trainer::judge(experiment, options.nproc));
  if (const auto status = start_ranks(line, options.nproc, experiment.distributed.port)) return *status;
  const auto world = distributed::detect_world(process_environment(), static_cast<int>(experiment.distributed.port));
  trainer::Incarnation incarnation(experiment, world);
  distributed::Group& group = incarnation.group();
  if ((options.input || options.update) && group.size() > 1) {
    throw Error(ExitCode::usage, "--input and --update measure one process", "Start one rank.");
  }
  distributed::on_all_ranks(group, [&] {
    if (group.rank() == 0 && !options.trace.empty())
      require_output(options.trace, "--trace", inputs_of(options.config, experiment));
    if (!options.start.empty()) require_start(options, experiment, group);
  });
  distributed::on_all_ranks(group, [&] { incarnation.build(); });
  if (options.update) return print_update(experiment, incarnation, options.json);
  incarnation.begin();
  trainer::Loop& loop = incarnation.loop();
  if (!options.start.empty()) save_start(options.start, incarnation);

  std::vector<double> losses;
  double first_step_s = 0;
  auto step = [&] {
    const double loss = loop.step().loss;
    if (losses.empty()) first_step_s = now_s() - process_start_s();
    if (losses.size() < 3) losses.push_back(loss);
  };
  for (int64_t i = 0; i < options.warmup; ++i) step();
  group.barrier();
  const double start = now_s(), cpu_start = scaling::core_s();
  loop.step_times().restart();
  loop.step_times().reset();
  for (int64_t i = 0; i < options.steps; ++i) step();
  group.barrier();
  const double elapsed = now_s() - start;

  const auto samples = static_cast<double>(options.steps * experiment.training.global_batch);
  at::Tensor sums = at::tensor({scaling::core_s() - cpu_start, peak_rss_mb()}, at::kDouble).to(group.device());
  group.all_reduce_sum(sums);
  const nlohmann::json report = {{"samples_per_second", samples / elapsed},
                                 {"step_s", elapsed / static_cast<double>(options.steps)},
                                 {"cpu_s_per_sample", sums[0].item<double>() / samples},
                                 {"first_step_s", first_step_s},
                                 {"peak_rss_mb", sums[1].item<double>() / group.size()},
                                 {"step_time", loop.step_times().mean()},
                                 {"ranks", loop.step_times().ranks()},
                                 {"losses", losses},
                                 {"steps", options.steps},
                                 {"global_batch", experiment.training.global_batch},
                                 {"threads", compute_threads()},
                                 {"world_size", group.size()}};
  if (options.input) return print_input(experiment, report, options.json);
  if (group.rank() == 0) std::cout << json_text(report, 2) << std::endl;
  if (!options.trace.empty()) trace_steps(options.trace, group, loop);
  if (group.size() > 1) log::info("{}", trainer::describe_slowest(loop.step_times().ranks(), incarnation.hosts()));
  return 0;
}

}  // namespace

void add_bench(CommandLine& line) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* app = line.app.add_subcommand(
      "bench", "Measure the speed of training steps and print it as JSON; with --trace, also write a trace");
  app->footer(
      "example: hpcai-train bench --config configs/resnet50/synthetic.yaml --steps 10\n"
      "samples_per_second and cpu_s_per_sample count steady steps only; first_step_s counts from the start of the process");
  options->config.add_to(*app);
  add_nproc(*app, options->nproc);
  app->add_option("--steps", options->steps, "Measured steps")->type_name("N")->check(CLI::Range(1, 1000000));
  app->add_option("--warmup", options->warmup, "Steps before the measured ones")->type_name("N")->check(CLI::Range(1, 1000000));
  app->add_flag("--input", options->input,
                "Print how fast the data path is without a network, stage by stage, and what share of a step waits for it");
  app->add_flag("--update", options->update,
                "Print the time of an update of the weights by the config's optimizer, and the least that memory allows");
  app->add_flag("--json", options->json, "With --input or --update: print JSON");
  app->add_option("--trace", options->trace,
                  "Run 3 more steps and write a trace of what CPU and GPU do in them, for ui.perfetto.dev")
      ->type_name("FILE.json");
  app->add_option("--save-start", options->start,
                  "Write the initial weights and the first batch as safetensors, for a program to compare with")
      ->type_name("FILE");
  app->callback([&line, options] { line.run = [&line, options] { return bench(line, *options); }; });
}

}  // namespace hpcai::app
