#include "hpcai/tasks/class_weights.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/text.h"
#include "hpcai/data/class_targets.h"

namespace hpcai::tasks {
namespace {

constexpr size_t kLongestName = 60;

// Where `name` stands in `classes`; throws Error{usage} if it does not.
size_t place_of(const std::string& name, const std::vector<std::string>& classes) {
  const auto found = std::find(classes.begin(), classes.end(), name);
  if (found != classes.end()) return static_cast<size_t>(found - classes.begin());
  const auto nearest = std::min_element(classes.begin(), classes.end(), [&](const std::string& a, const std::string& b) {
    return edit_distance(a, name) < edit_distance(b, name);
  });
  throw Error(ExitCode::usage, fmt::format("loss.weights: the data have no class '{}'", printable(name, kLongestName)),
              nearest == classes.end() ? "" : fmt::format("A class is called '{}'.", printable(*nearest, kLongestName)));
}

// The listed weights in the order of `classes`. Throws Error{usage} unless each class is named once.
std::vector<double> in_order(const std::vector<ClassWeight>& listed, const std::vector<std::string>& classes) {
  std::vector<double> weights(classes.size(), 0);
  for (const ClassWeight& entry : listed) {
    double& weight = weights[place_of(entry.name, classes)];
    if (weight != 0) {
      throw Error(ExitCode::usage, fmt::format("loss.weights names the class '{}' twice", printable(entry.name, kLongestName)),
                  "Give each class one weight.");
    }
    weight = entry.weight;
  }
  const auto missing = std::find(weights.begin(), weights.end(), 0);
  if (missing == weights.end()) return weights;
  throw Error(ExitCode::usage,
              fmt::format("loss.weights has no weight of the class '{}'",
                          printable(classes[static_cast<size_t>(missing - weights.begin())], kLongestName)),
              fmt::format("Give each of the {} a weight.", plural(static_cast<int64_t>(classes.size()), "class", "classes")));
}

// The number of samples of each class, or the sum of its soft labels; empty if the samples have neither.
std::vector<double> counts_of(const data::Dataset& training) {
  constexpr int64_t kPart = 65536;
  const auto classes = static_cast<int64_t>(training.spec().class_names.size());
  at::Tensor sum = at::zeros({classes}, at::kDouble);
  for (int64_t first = 0; first < training.size(); first += kPart) {
    std::vector<int64_t> rows(static_cast<size_t>(std::min(kPart, training.size() - first)));
    std::iota(rows.begin(), rows.end(), first);
    const at::Tensor targets = training.targets(rows);
    if (!targets.defined()) return {};
    const bool of_steps = !targets.is_floating_point() && targets.dim() > 1;
    sum += data::class_probabilities(of_steps ? targets.flatten() : targets, classes)
               .nan_to_num(0)
               .sum(0, /*keepdim=*/false, at::kDouble);
  }
  return {sum.const_data_ptr<double>(), sum.const_data_ptr<double>() + classes};
}

}  // namespace

std::vector<double> balanced_weights(const std::vector<double>& counts) {
  const double samples = std::accumulate(counts.begin(), counts.end(), 0.0);
  std::vector<double> weights;
  for (const double count : counts) weights.push_back(samples / static_cast<double>(counts.size()) / count);
  return weights;
}

std::vector<double> with_mean_one(std::vector<double> weights, const std::vector<double>& counts) {
  double samples = 0, sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    samples += counts[i];
    sum += counts[i] * weights[i];
  }
  for (double& weight : weights) weight *= samples / sum;
  return weights;
}

ClassWeights::ClassWeights(ClassWeighting weighting, std::vector<ClassWeight> listed)
    : weighting_(weighting), listed_(std::move(listed)) {}

void ClassWeights::check(const std::vector<std::string>& classes) const {
  const bool wants_list = weighting_ == ClassWeighting::listed;
  if (!wants_list && !listed_.empty()) {
    throw Error(ExitCode::usage, fmt::format("loss.weights is set, and loss.class_weights is {}", config::name_of(weighting_)),
                "Set loss.class_weights to listed, or remove loss.weights.");
  }
  if (wants_list && listed_.empty()) {
    throw Error(ExitCode::usage, "loss.class_weights: listed needs loss.weights",
                "List them: weights: [{class: NAME, weight: 2}, ...]");
  }
  if (wants_list) in_order(listed_, classes);
}

void ClassWeights::fit(const data::Dataset& training, at::Device device) {
  if (weighting_ == ClassWeighting::none) return;
  const auto& classes = training.spec().class_names;
  const std::vector<double> counts = counts_of(training);
  if (counts.size() != classes.size()) throw std::logic_error("class weights of data without labels");
  const auto absent = std::find(counts.begin(), counts.end(), 0.0);
  if (weighting_ == ClassWeighting::balanced && absent != counts.end()) {
    throw Error(ExitCode::usage,
                fmt::format("loss.class_weights: balanced: no training sample is of the class '{}'",
                            printable(classes[static_cast<size_t>(absent - counts.begin())], kLongestName)),
                "Remove the class from the data, or list the weights with class_weights: listed.");
  }
  const bool balanced = weighting_ == ClassWeighting::balanced;
  const auto weights = balanced ? balanced_weights(counts) : with_mean_one(in_order(listed_, classes), counts);
  weights_ = at::tensor(weights, at::kDouble).to(device);
}

const at::Tensor& ClassWeights::of_classes() const {
  if (weighting_ != ClassWeighting::none && !weights_.defined()) throw std::logic_error("class weights before fit()");
  return weights_;
}

at::Tensor cross_entropies(const at::Tensor& scores, const at::Tensor& labels, const at::Tensor& weights,
                           double label_smoothing) {
  const at::Tensor each = at::cross_entropy_loss(scores, labels, {}, at::Reduction::None, -100, label_smoothing);
  return weights.defined() ? each * weights.to(scores.scalar_type()).index_select(0, labels) : each;
}

at::Tensor weighted_cross_entropy(const at::Tensor& scores, const at::Tensor& target, const at::Tensor& weights,
                                  double label_smoothing) {
  const bool mixed = target.is_floating_point();
  const at::Tensor truth = mixed ? target.to(scores.scalar_type()) : target;
  if (!weights.defined()) return at::cross_entropy_loss(scores, truth, {}, at::Reduction::Mean, -100, label_smoothing);
  if (!mixed) return cross_entropies(scores, truth, weights, label_smoothing).mean();
  const at::Tensor of_class = weights.to(scores.scalar_type());
  const at::Tensor log_p = scores.log_softmax(1), part = truth * of_class;
  const double spread = label_smoothing / static_cast<double>(scores.size(1));
  return -((1 - label_smoothing) * (part * log_p).sum(1) + spread * part.sum(1) * log_p.sum(1)).mean();
}

}  // namespace hpcai::tasks
