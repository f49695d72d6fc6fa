#include "hpcai/trainer/data_record.h"

#include <memory>

#include "hpcai/trainer/build.h"
#include "hpcai/trainer/experiment.h"
#include "hpcai/trainer/model_record.h"
#include "hpcai/trainer/sources.h"

namespace hpcai::trainer {

nlohmann::json describe_data(const Experiment& experiment) {
  constexpr int kAllThreads = 0;
  const data::Splits splits = open_training_data(experiment, kAllThreads, /*fill_caches=*/false);
  std::unique_ptr<data::Dataset> unlabelled;
  if (!build_task(experiment)->further_sources().empty()) {
    unlabelled = open_unlabelled(experiment, splits.train->spec(), kAllThreads);
  }
  return make_record(splits.train->spec(), fingerprints_of(splits, unlabelled.get())).at("data");
}

}  // namespace hpcai::trainer
