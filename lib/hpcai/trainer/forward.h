#pragma once

#include <ATen/ATen.h>

#include "hpcai/models/model.h"
#include "hpcai/trainer/experiment.h"

namespace hpcai::trainer {

// The model's outputs for one batch, with autocast to bf16 or fp16 where `precision` says so.
// input [batch, ...] on the model's device -> [batch, outputs]
at::Tensor forward(models::Model& model, const at::Tensor& input, Precision precision);

}  // namespace hpcai::trainer
