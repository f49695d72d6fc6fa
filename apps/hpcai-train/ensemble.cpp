#include "ensemble.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "hpcai/checkpoint/candidates.h"
#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/fingerprint.h"
#include "hpcai/distributed/exchange/on_all_ranks.h"
#include "hpcai/metrics/classification_quality.h"
#include "hpcai/metrics/temperature.h"

namespace hpcai::app {
namespace {

using Gathered = metrics::Predictions::Gathered;

void refuse_folder_of_checkpoint(const TrainedOptions& options) {
  if (options.run_dirs.size() == 1 || options.checkpoint == "last" || options.checkpoint == "best") return;
  if (checkpoint::step_of(options.checkpoint)) return;
  throw Error(ExitCode::usage, fmt::format("--checkpoint {} with several --run-dir", printable(options.checkpoint)),
              "Give last, best or a name such as step-00000123, which each of the runs has.");
}

void check_alike(const Trained& a, const data::SampleSpec& of_a, const Trained& b, const data::SampleSpec& of_b) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ExitCode::usage,
                fmt::format("the networks of {} and {} differ: {}", printable(a.run_dir), printable(b.run_dir), what),
                "An ensemble averages networks that tell the same classes, in the same order, of the same kind of samples.");
  };
  const auto names = [](const data::SampleSpec& spec) {
    return printable(fmt::format("{}", fmt::join(spec.class_names, ", ")), 200);
  };
  if (of_a.class_names != of_b.class_names) refuse(fmt::format("classes {} against {}", names(of_a), names(of_b)));
  const bool same_kind = of_a.input_shape.size() == of_b.input_shape.size() && of_a.input_shape[0] == of_b.input_shape[0] &&
                         of_a.scaling.empty() == of_b.scaling.empty();
  if (!same_kind) {
    refuse(fmt::format("samples [{}] against [{}]", fmt::join(of_a.input_shape, ", "), fmt::join(of_b.input_shape, ", ")));
  }
}

// The same predictions with the network's temperature, if it has one.
at::Tensor calibrated_by(const Trained& network, const at::Tensor& probability) {
  if (!network.temperature || !probability.defined()) return probability;
  return metrics::with_temperature(probability, *network.temperature);
}

at::Tensor mean_of(const std::vector<at::Tensor>& probabilities) {
  if (probabilities.size() == 1 || !probabilities[0].defined()) return probabilities[0];
  at::Tensor sum = probabilities[0].to(at::kDouble);
  for (size_t i = 1; i < probabilities.size(); ++i) sum = sum + probabilities[i].to(at::kDouble);
  return (sum / static_cast<double>(probabilities.size())).to(probabilities[0].scalar_type());
}

}  // namespace

Ensemble::Ensemble(const TrainedOptions& options, bool needs_labels, const distributed::World& world) {
  refuse_folder_of_checkpoint(options);
  if (world.size == 1) {
    load(options, needs_labels, nullptr);
  } else {
    const auto group = group_of(world, read_experiment(options));
    distributed::on_all_ranks(*group, [&] { load(options, needs_labels, group); });
  }
}

void Ensemble::load(const TrainedOptions& options, bool needs_labels, const std::shared_ptr<distributed::Group>& group) {
  std::vector<data::NetworkUse> uses;
  for (const std::string& run_dir : options.run_dirs) {
    members_.push_back(load_network(options.of_run(run_dir), needs_labels, uses.emplace_back(), group));
    if (options.run_dirs.size() > 1) members_.back().require_probabilities("--run-dir, several times");
    check_alike(members_[0], uses[0].spec, members_.back(), uses.back().spec);
  }
  Trained& first = members_[0];
  first.dataset = open_chosen(options, first.experiment, uses[0]);
  for (size_t i = 1; i < members_.size(); ++i) {
    Trained& other = members_[i];
    first.inputs.insert(first.inputs.end(), other.inputs.begin(), other.inputs.end());
    if (uses[i].spec == uses[0].spec && !names_other_data(first.experiment, other.experiment)) continue;
    other.dataset = open_chosen(options, other.experiment, uses[i]);
    if (data::fingerprint(other.dataset.get()) != data::fingerprint(first.dataset.get())) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{} holds other samples for {} than for {}", printable(options.data_name()),
                              printable(other.run_dir), printable(first.run_dir)),
                  "The runs have different settings of the section data; make them alike with --set.");
    }
  }
}

tasks::EvaluationResult Ensemble::evaluate() {
  const tasks::Task& task = *members_[0].task;
  const data::SampleSpec& spec = members_[0].dataset->spec();
  tasks::EvaluationResult result;
  std::vector<at::Tensor> plain, probabilities;
  for (Trained& member : members_) {
    tasks::EvaluationResult own = member.evaluate(data_of(member));
    plain.push_back(own.predictions.prediction);
    probabilities.push_back(calibrated_by(member, own.predictions.prediction));
    if (plain.size() == 1) result = std::move(own);
  }
  Gathered& all = result.predictions;
  all.prediction = mean_of(probabilities);
  const nlohmann::json loss = result.metrics.at("loss");
  result.metrics.update(task.measure(spec, all));
  if (members_.size() == 1 && !calibrated()) result.metrics["loss"] = loss;  // of the scores, not of rounded probabilities
  if (calibrated()) {
    const nlohmann::json before = task.measure(spec, {all.index, mean_of(plain), all.target});
    nlohmann::json& calibration = result.metrics["calibration"];
    for (const Trained& member : members_) calibration["temperatures"].push_back(*member.temperature);
    calibration["log_loss_before"] = before.at(metrics::kLogLossKey);
    calibration["ece_before"] = before.at(metrics::kCalibrationErrorKey);
  }
  return result;
}

Gathered Ensemble::predict() {
  std::vector<Gathered> of_members;
  for (Trained& member : members_) of_members.push_back(member.predict(data_of(member)));
  return combine(std::move(of_members));
}

Gathered Ensemble::combine(std::vector<Gathered> of_members) const {
  std::vector<at::Tensor> probabilities;
  for (size_t i = 0; i < members_.size(); ++i) probabilities.push_back(calibrated_by(members_[i], of_members[i].prediction));
  Gathered result = std::move(of_members[0]);
  result.prediction = mean_of(probabilities);
  add_truth(data_of(members_[0]), result);
  return result;
}

std::string Ensemble::name() const {
  if (members_.size() == 1) return fmt::format("{}, step {}", members_[0].run_dir, members_[0].step);
  std::vector<std::string> runs;
  for (const Trained& member : members_) runs.push_back(member.run_dir);
  return "the mean of " + join_words(runs, "and");
}

nlohmann::json Ensemble::record() const {
  const auto of = [](const Trained& member) { return nlohmann::json{{"step", member.step}, {"checkpoint", member.checkpoint}}; };
  if (members_.size() == 1) return of(members_[0]);
  nlohmann::json runs = nlohmann::json::array();
  for (const Trained& member : members_) {
    runs.push_back(of(member));
    runs.back()["run_dir"] = member.run_dir;
  }
  return {{"runs", runs}};
}

}  // namespace hpcai::app
