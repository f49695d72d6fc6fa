#pragma once

#include <ATen/core/Tensor.h>

#include "hpcai/models/model.h"

namespace hpcai::inference {

struct OcclusionOptions {
  int64_t patch = 8, stride = 4;  // pixels
  int64_t batch = 32;             // covered images of one forward pass
};

// By how much the probability of a class falls when a part of the image is covered (Zeiler and Fergus 2014, ECCV, section 4.2). A
// square patch moves over the image in steps of `stride`, its last place at the image's edge, and covers it with the median of
// each channel, which is the sky of an image of a galaxy. A pixel of the map is the mean fall over the patches that cover it; it
// is negative where covering helps.
//
// image [3, height, width] on the model's device, `target`: a class -> [height, width]. A patch that is larger than the image
// covers all of it. The model must be in evaluation mode. Throws std::invalid_argument unless patch >= stride >= 1 and batch
// >= 1.
at::Tensor occlusion_map(models::Model& model, const at::Tensor& image, int64_t target, const OcclusionOptions& options);

}  // namespace hpcai::inference
