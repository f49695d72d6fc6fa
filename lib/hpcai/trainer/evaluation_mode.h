#pragma once

#include "hpcai/models/model.h"

namespace hpcai::trainer {

// The model is in evaluation mode during the lifetime of the object.
class EvaluationMode {
 public:
  explicit EvaluationMode(models::Model& model) : model_(model), was_training_(model.is_training()) { model_.eval(); }
  ~EvaluationMode() { model_.train(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  models::Model& model_;
  bool was_training_;
};

}  // namespace hpcai::trainer
