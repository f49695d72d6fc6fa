#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/data/dataset.h"
#include "hpcai/data/embedding_table.h"
#include "trained.h"

namespace hpcai::app {

// The images of one survey.
struct Survey {
  std::string name;
  std::unique_ptr<data::Dataset> dataset;
};

// Opens a split of the run's data, which is "test" if nothing is named, and images from elsewhere. The survey's name is that of
// the split, or the last part of the path, or the path if these are not all different. Adds the files to `trained.inputs`. Throws
// what data::open_split() and data::open_input() throw, and Error{usage} for a path that is given twice.
std::vector<Survey> open_surveys(const std::optional<std::string>& split, const std::vector<std::string>& inputs,
                                 Trained& trained, const data::NetworkUse& use);

// The network's answers for all images, one survey after the other.
struct EmbeddedSurveys {
  at::Tensor features;         // float [image, features]
  data::EmbeddingTable table;  // with the features, without coordinates and neighbours
};
// The predicted class is that of one pass, without the average over views of evaluation.symmetric_views. Throws what
// inference::features_of() throws.
EmbeddedSurveys embed_surveys(Trained& trained, const std::vector<Survey>& surveys);

// The image in a row of the table.
struct SurveyImage {
  const data::Dataset* dataset;
  int64_t index;
};
SurveyImage image_of_row(const std::vector<Survey>& surveys, int64_t row);

}  // namespace hpcai::app
