// Losses, metrics and tables of a truth for each time step: those of the sequences alone, whatever stands behind their ends.
#include "hpcai/tasks/sequences.h"

#include <torch/types.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "fixed_output.h"
#include "hpcai/distributed/exchange/single_group.h"
#include "hpcai/models/standardise.h"
#include "hpcai/tasks/classification.h"
#include "hpcai/tasks/multilabel.h"
#include "hpcai/tasks/regression.h"
#include "hpcai/tasks/task.h"

namespace hpcai::tasks {
namespace {

const std::vector<int64_t> kLengths = {3, 1, 2};
constexpr int64_t kSteps = 4;

// [3, kSteps, columns]
at::Tensor numbers(int64_t columns, double phase) {
  return (at::arange(3 * kSteps * columns, at::kDouble) + phase).sin().to(at::kFloat).view({3, kSteps, columns});
}

// bool [3, kSteps, 1]
at::Tensor behind() { return (at::arange(kSteps).unsqueeze(0) >= at::tensor(kLengths, at::kLong).unsqueeze(1)).unsqueeze(2); }

at::Tensor padded(const at::Tensor& values) { return values.masked_fill(behind(), std::nan("")); }

data::SampleSpec steps_spec(std::vector<std::string> classes, std::vector<std::string> targets) {
  data::SampleSpec spec{{kSteps, 2}, std::move(classes), std::move(targets)};
  spec.padded = spec.each_step = true;
  return spec;
}

// The mean over the sequences of the loss of each as a batch of its steps, [steps, columns].
double loss_alone(const Task& task, const at::Tensor& output, const at::Tensor& target) {
  double sum = 0;
  for (size_t i = 0; i < kLengths.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    FixedOutput model(output[at].narrow(0, 0, kLengths[i]));
    sum += task.loss(Network(model), {{at::zeros({kLengths[i], 2}), target[at].narrow(0, 0, kLengths[i])}}).item<double>();
  }
  return sum / 3;
}

EvaluationResult evaluated(const Task& task, const at::Tensor& output, const at::Tensor& target, const data::SampleSpec& spec) {
  FixedOutput model(output);
  const auto evaluation = task.start_evaluation(spec, at::kCPU);
  evaluation->add(Network(model), {{padded(numbers(2, 5)), target}}, {4, 7, 9});
  const auto group = distributed::make_single_group();
  return evaluation->finish(*group);
}

}  // namespace

TEST_CASE("a regression of each step has the mean of the losses of the sequences") {
  const auto kind = GENERATE(RegressionKind::squared, RegressionKind::absolute, RegressionKind::huber, RegressionKind::gaussian);
  const auto task = make(RegressionConfig{.kind = kind, .delta = 0.3, .standardise = false}, {});
  const at::Tensor output = numbers(kind == RegressionKind::gaussian ? 4 : 2, 0).requires_grad_(), target = numbers(2, 9);
  FixedOutput model(output);
  const at::Tensor loss = task->loss(Network(model), {{padded(numbers(2, 5)), padded(target)}});
  CHECK(loss.item<double>() == Approx(loss_alone(*task, output.detach(), target)));
  loss.backward();
  CHECK(output.grad().masked_select(behind()).abs().max().item<double>() == 0);
  CHECK(output.grad().masked_select(behind().logical_not()).abs().min().item<double>() > 0);
}

TEST_CASE("a classification of each step has the mean of the losses of the sequences, also with smooth labels") {
  const auto task = make(ClassificationConfig{.label_smoothing = 0.1}, {});
  const at::Tensor scores = numbers(3, 0), labels = at::arange(12).remainder(3).view({3, kSteps});
  const at::Tensor known = labels.masked_fill(behind().squeeze(2), data::kUnlabelled);
  FixedOutput model(scores);
  CHECK(task->loss(Network(model), {{padded(numbers(2, 5)), known}}).item<double>() == Approx(loss_alone(*task, scores, labels)));
  const EvaluationResult result = evaluated(*task, scores, known, steps_spec({"a", "b", "c"}, {}));
  CHECK(result.predictions.index == std::vector<int64_t>{4, 4, 4, 7, 9, 9});
  const at::Tensor right = scores.argmax(2).eq(labels).masked_select(behind().squeeze(2).logical_not());
  CHECK(result.metrics.at("accuracy").get<double>() == Approx(right.to(at::kDouble).mean().item<double>()));
}

TEST_CASE("several labels for each step have the mean of the losses of the sequences, and a row for each step") {
  const auto task = make(MultilabelConfig{}, {});
  const at::Tensor scores = numbers(1, 0), labels = numbers(1, 3).gt(0).to(at::kFloat);
  data::SampleSpec spec = steps_spec({}, {"event"});
  spec.target_ranges = {{0, 1}};
  const EvaluationResult result = evaluated(*task, scores, padded(labels), spec);
  CHECK(result.loss == Approx(loss_alone(*task, scores, labels)));
  CHECK(result.metrics.at("samples") == 3);
  CHECK(result.metrics.contains("early_warning_auc"));
  const data::PredictionTable table = task->table(spec, result.predictions);
  CHECK(table.predictions.size() == 6);
  CHECK(table.numbers[0].name == "step");
  CHECK(table.numbers[0].values == std::vector<double>{0, 1, 2, 0, 0, 1});
  CHECK(table.predictions[3] == Approx(scores[1][0][0].sigmoid().item<double>()));
}

TEST_CASE("a prediction that is no number is not the end of a sequence") {
  at::Tensor prediction = numbers(2, 0).clone();
  prediction[0][1][0].fill_(std::nan(""));
  const at::Tensor found = without_padding(prediction, padded(numbers(2, 5)));
  CHECK(found.isnan().select(2, 0).equal(behind().squeeze(2)));
  CHECK(std::isinf(found[0][1][0].item<float>()));
  CHECK(found[0][1][1].item<float>() == prediction[0][1][1].item<float>());
}

TEST_CASE("the scale of targets for each step is that of all steps") {
  models::TargetScale scale(2);
  const at::Tensor target = numbers(2, 1);
  scale.fit_to(padded(target));
  const at::Tensor real = target.masked_select(behind().logical_not()).view({6, 2});
  CHECK(at::allclose(scale.to_standard(real), (real - real.mean(0)) / real.std(0, /*unbiased=*/false), 1e-5, 1e-6));
}

TEST_CASE("a batch of sequences in parts has the mean of the parts as its loss") {
  const at::Tensor values = numbers(1, 2).squeeze(2), known = behind().squeeze(2).logical_not();
  double parts = 0;
  for (int64_t i = 0; i < 3; ++i) parts += mean_of_sequences(values.narrow(0, i, 1), known.narrow(0, i, 1)).item<double>() / 3;
  CHECK(mean_of_sequences(values, known).item<double>() == Approx(parts));
}

}  // namespace hpcai::tasks
