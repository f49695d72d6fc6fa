#include "hpcai/tasks/evaluation.h"

namespace hpcai::tasks {

void Evaluation::add(const Network& network, const Batch& batch, const std::vector<int64_t>& index) {
  const Outcome outcome = measure(network, batch, index);
  if (outcome.loss.defined()) loss_.add(outcome.loss, batch.input.size(0), index.front());
  predictions_.add(outcome.prediction, batch.target, index);
}

EvaluationResult Evaluation::finish(distributed::Group& group) {
  EvaluationResult result;
  loss_.reduce(group);
  result.loss = loss_.mean();
  result.metrics = loss_.result();
  result.metrics["samples"] = loss_.samples();
  result.predictions = predictions_.gather(group);
  if (each_step_) metrics::make_steps_rows(result.predictions);
  result.metrics.update(reduce(group, result.predictions));
  return result;
}

}  // namespace hpcai::tasks
