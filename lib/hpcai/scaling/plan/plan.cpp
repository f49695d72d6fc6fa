#include "hpcai/scaling/plan/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <variant>

#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "hpcai/core/threads/cores.h"
#include "hpcai/jobs/batch_script.h"
#include "hpcai/optim/schedule.h"
#include "hpcai/scaling/model/calibrate.h"
#include "hpcai/scaling/model/hardware.h"
#include "hpcai/scaling/model/measure_steps.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/course.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/judgements.h"
#include "hpcai/trainer/sources.h"

namespace hpcai::scaling {
namespace {

constexpr double kStart_s = 60;        // of a job: loading the program, rendezvous, opening the data, reading a checkpoint
constexpr double kOwnMemory = 200e6;   // of the program on a CPU
constexpr double kOwnMemoryGpu = 4e9;  // with the libraries of CUDA, an estimate
constexpr double kMeasure_s = 10;      // duration of the measurement for CPU ranks without a calibration

struct Model {
  Workload workload;
  Machine machine;
};

// Fills in the counts of samples, batches and steps. Throws Error{usage} for problems of the settings.
void lay_out(const trainer::Experiment& experiment, const data::Splits& data, Plan& plan) {
  const auto& training = experiment.training;
  const int ranks = plan.layout.ranks();
  plan.training_samples = data::size_of(data.train);
  plan.validation_samples = data::size_of(data.validation);
  plan.test_samples = data::size_of(data.test);
  const auto judgements = trainer::judge(experiment, ranks, trainer::facts_of(data));
  trainer::refuse_problems(judgements);
  plan.warnings = trainer::warnings_of(judgements);
  plan.global_batch = training.global_batch;
  plan.batch_per_rank = training.global_batch / ranks;
  plan.passes = experiment.passes(ranks);
  if (experiment.distributed.deterministic_shards > 0) {
    plan.warnings.push_back(
        "distributed.deterministic_shards: the prediction does not know that a CPU rank then has one thread, and that every rank "
        "gathers the gradients of all ranks");
  }
  const trainer::CourseLength length = trainer::length_of(training, plan.training_samples);
  plan.steps_per_epoch = length.steps_per_epoch;
  plan.dropped_per_epoch = length.dropped_per_epoch;
  plan.epochs = length.epochs;
  plan.total_steps = length.steps;
  plan.warmup_steps = optim::warmup_steps(experiment.schedule, plan.steps_per_epoch);
}

// Fills in the links of a calibrated machine that were not measured, from the literature.
void complete(const Calibration& calibration, const PlanRequest& request, Machine& machine, Plan& plan) {
  const Machine known = request.gpus ? hal_machine() : cpu_machine(machine.cores);
  auto unmeasured = [](const Link& link) { return link.s_per_byte == 0 && link.latency_s == 0; };
  const char* source = request.gpus ? "NVLink 55 GB/s, EDR InfiniBand 11 GB/s a node (HAL)"
                                    : "shared memory of a host 3.2 GB/s, 10 Gbit/s Ethernet";
  const bool near = request.layout.ranks_per_node > 1 && unmeasured(machine.in_node);
  const bool far = request.layout.nodes > 1 && unmeasured(machine.between_nodes);
  if (near) machine.in_node = known.in_node;
  if (far) machine.between_nodes = known.between_nodes;
  if (near || far) plan.assumptions.push_back(fmt::format("links that {} did not measure: {}", calibration.host, source));
}

Model calibrated(const trainer::Experiment& experiment, const PlanRequest& request, Plan& plan) {
  const Calibration& calibration = *request.calibration;
  if (calibration.device.starts_with("cuda") != request.gpus) {
    throw Error(ExitCode::usage,
                fmt::format("the calibration was measured on {} ({}), but the plan is for {}", calibration.device,
                            calibration.host, request.gpus ? "GPUs" : "CPU ranks"),
                request.gpus ? "Measure on a GPU node, or plan with --ranks-per-node." : "Measure with training.device: cpu.");
  }
  Model model{calibration.workload, calibration.machine};
  plan.assumptions.push_back(
      fmt::format("times measured on {} ({}), {} steps", calibration.host, calibration.device, calibration.steps));
  if (calibration.config_digest != workload_digest(experiment)) {
    plan.warnings.push_back(fmt::format(
        "the calibration is of {} with another network, other data or other arithmetic than this config", calibration.name));
  }
  const double part = static_cast<double>(plan.batch_per_rank / plan.passes);
  const auto [least, most] = std::minmax_element(calibration.batches.begin(), calibration.batches.end());
  if (least != calibration.batches.end() && (part < *least || part > *most)) {
    plan.warnings.push_back(fmt::format("a pass of {} samples lies outside the measured {} to {}", part, *least, *most));
  }
  complete(calibration, request, model.machine, plan);
  return model;
}

Model of_gpus(const trainer::Experiment& experiment, Plan& plan) {
  const bool wide = !trainer::is_narrow(experiment.training.precision);
  const double forward = plan.footprint.macs_per_sample / (wide ? kV100Macs32 : kV100Macs16);
  Model model;
  model.workload.forward = {0, forward};
  model.workload.backward = {0, 2 * forward};
  model.workload.buckets = plan.footprint.buckets;
  model.workload.overlap = experiment.distributed.overlap;
  model.workload.blocking_exchanges = plan.footprint.blocking_exchanges;
  model.workload.blocking_bytes = plan.footprint.blocking_bytes;
  model.machine = hal_machine();
  plan.assumptions.push_back(
      fmt::format("not calibrated: V100 GPUs that compute as fast as in ResNet-50 training ({} images/s in {}), "
                  "backward = 2 forward; small batches and other networks may be several times slower",
                  wide ? 367 : 791, wide ? "fp32" : "16-bit"));
  plan.assumptions.push_back("links as on HAL: NVLink 55 GB/s, EDR InfiniBand 11 GB/s a node");
  plan.assumptions.push_back("input is never late, all ranks are equally fast");
  if (std::holds_alternative<distributed::PowerSgdConfig>(experiment.distributed.compression))
    plan.assumptions.push_back("compressing gradients takes no time");
  return model;
}

Model of_cpus(const trainer::Experiment& experiment, Plan& plan) {
  log::info("no calibration: timing a few steps here");
  auto here = experiment;
  here.training.device = trainer::DeviceChoice::cpu;
  const int64_t part = std::max<int64_t>(1, plan.batch_per_rank / plan.passes);
  std::vector<int64_t> batches{part};
  if (part > 1) batches.insert(batches.begin(), part / 2);
  Model model;
  StepMeasurement measurement(here, at::kCPU, kMeasure_s, batches, /*teams=*/here.training.threads == 0);
  measurement.in_company();
  measurement.alone();
  model.workload = measurement.result().workload;
  model.machine = cpu_machine(available_cores());
  plan.assumptions.push_back(fmt::format("steps of one rank timed here for {} s", kMeasure_s));
  plan.assumptions.push_back("links: shared memory of a host 3.2 GB/s, between hosts 10 Gbit/s Ethernet");
  return model;
}

// Fills in the cores of a CPU rank: those that the user requests, or a share of the measured host.
void lay_out_cores(const PlanRequest& request, Machine& machine, Plan& plan) {
  if (plan.gpus) return;
  if (request.cores_per_rank > 0) {
    machine.cores = request.cores_per_rank;
    machine.bound = true;
  }
  const Layout& layout = plan.layout;
  plan.cores_per_rank =
      machine.bound ? static_cast<int>(machine.cores) : std::max(1, static_cast<int>(machine.cores) / layout.sharing());
  plan.assumptions.push_back(machine.bound
                                 ? fmt::format("each rank has {} cores of its own, like those measured", machine.cores)
                                 : fmt::format("every node has {} cores, like the one that was measured", machine.cores));
  if (!machine.bound && layout.sharing() > machine.cores) {
    plan.warnings.push_back(
        fmt::format("{} ranks share the {} cores of a node and slow each other down: where nodes have more, say how many "
                    "each rank gets with --cpus-per-task",
                    layout.sharing(), machine.cores));
  }
}

void predict_times(const trainer::Experiment& experiment, const Model& model, Plan& plan) {
  plan.step = predict(model.workload, model.machine, plan.layout, static_cast<double>(plan.batch_per_rank), plan.passes);
  plan.epoch_s = plan.step.step_s * static_cast<double>(plan.steps_per_epoch) + model.workload.epoch_start_s;
  if (plan.validation_samples > 0) {
    const auto passes = static_cast<double>(trainer::build_task(experiment)->passes_per_sample());
    const auto share = std::ceil(static_cast<double>(plan.validation_samples) / plan.layout.ranks());
    const Workload here = with_threads_in(model.workload, model.machine, plan.layout);
    plan.evaluation_s = passes * share * (here.forward.per_sample_s + here.input_s_per_sample);
  }
  const auto evaluations = static_cast<double>(plan.epochs / experiment.evaluation.every_epochs);
  plan.total_s = plan.step.step_s * static_cast<double>(plan.total_steps) + evaluations * plan.evaluation_s +
                 static_cast<double>(plan.epochs) * model.workload.epoch_start_s;
  plan.assumptions.push_back(
      "all epochs are trained: no early stop; writing checkpoints and the overlaps of waveforms cost no time");
}

void estimate_memory(const trainer::Experiment& experiment, Plan& plan) {
  const Footprint& footprint = plan.footprint;
  const auto per_pass = static_cast<double>(plan.batch_per_rank / plan.passes);
  plan.memory_per_rank = footprint.memory(per_pass);
  const auto queued = static_cast<double>((experiment.loader.queue_batches + 1) * plan.batch_per_rank);
  const double of_host = queued * footprint.input_per_sample + footprint.checkpoint;  // its copy on rank 0
  if (!plan.gpus) plan.memory_per_rank += of_host;
  plan.node_memory_per_rank = plan.gpus ? kOwnMemoryGpu + of_host : kOwnMemory + plan.memory_per_rank;
  const auto& config = experiment.checkpoint;
  const double kept = static_cast<double>(config.keep) + (config.best && plan.validation_samples > 0 ? 1 : 0);
  plan.disk = (kept + 1) * footprint.checkpoint;  // the old checkpoint is removed after the new one is verified
}

void fit_into_jobs(const trainer::Experiment& experiment, Plan& plan) {
  const auto& config = experiment.checkpoint;
  std::vector<double> intervals;
  if (config.every_steps > 0) intervals.push_back(static_cast<double>(config.every_steps) * plan.step.step_s);
  if (config.every_epochs > 0) intervals.push_back(static_cast<double>(config.every_epochs) * (plan.epoch_s + plan.evaluation_s));
  if (!intervals.empty()) plan.checkpoint_every_s = *std::min_element(intervals.begin(), intervals.end());
  if (!plan.time_s) return;
  const double usable = *plan.time_s - jobs::kSignalLead_s - kStart_s;
  if (plan.total_s > usable) {
    if (usable <= plan.step.step_s) {
      throw Error(
          ExitCode::usage,
          fmt::format("--time {} leaves no time to train: {} s to start and {} s to stop are taken off",
                      jobs::format_slurm_time(*plan.time_s), kStart_s, jobs::kSignalLead_s),
          fmt::format("Give at least {}.", jobs::format_slurm_time(kStart_s + jobs::kSignalLead_s + 10 * plan.step.step_s + 60)));
    }
    plan.jobs = static_cast<int64_t>(std::ceil(plan.total_s / usable));
  }
  if (plan.step.step_s > jobs::kSignalLead_s / 2) {
    plan.warnings.push_back(
        fmt::format("a step takes {:.0f} s: the {} s between signal and limit may not be enough to finish it and save",
                    plan.step.step_s, jobs::kSignalLead_s));
  }
  const bool none = plan.checkpoint_every_s == 0 || plan.checkpoint_every_s > *plan.time_s;
  if (none) {
    plan.warnings.push_back(
        "no checkpoint falls due within one job: it saves only when Slurm's signal reaches it; a crash loses all of it "
        "(see checkpoint.every_steps)");
  }
}

}  // namespace

Plan make_plan(const trainer::Experiment& experiment, const PlanRequest& request) {
  Plan plan;
  plan.layout = request.layout;
  plan.gpus = request.gpus;
  plan.time_s = request.time_s;
  const data::Splits data = trainer::open_training_data(experiment, 0, /*fill_caches=*/false);
  lay_out(experiment, data, plan);
  plan.footprint = measure_footprint(experiment, data.train->spec());
  Model model = request.calibration ? calibrated(experiment, request, plan)
                : request.gpus      ? of_gpus(experiment, plan)
                                    : of_cpus(experiment, plan);
  lay_out_cores(request, model.machine, plan);
  predict_times(experiment, model, plan);
  estimate_memory(experiment, plan);
  fit_into_jobs(experiment, plan);
  if (!trainer::build_task(experiment)->further_sources().empty()) {
    plan.warnings.emplace_back(
        "the loss also needs unlabelled samples: without a calibration the predicted times and memory are those of the labelled "
        "samples alone, about a third");
  }
  return plan;
}

}  // namespace hpcai::scaling
