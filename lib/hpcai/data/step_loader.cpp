#include "hpcai/data/step_loader.h"

namespace hpcai::data {

StepLoader::StepLoader(std::unique_ptr<Loader> main, Further further) : main_(std::move(main)), further_(std::move(further)) {}

void StepLoader::seek(int64_t epoch, int64_t number) {
  main_->seek(epoch, number);
  const int64_t step = epoch * main_->sampler().batches_per_epoch() + number;
  for (const auto& [name, loader] : further_) {
    const int64_t batches = loader->sampler().batches_per_epoch();
    loader->seek(step / batches, step % batches);
  }
}

StepBatch StepLoader::next() {
  StepBatch batch{main_->next()};
  for (const auto& [name, loader] : further_) batch.further.emplace(name, loader->next());
  return batch;
}

double StepLoader::wait_s() const {
  double seconds = main_->wait_s();
  for (const auto& [name, loader] : further_) seconds += loader->wait_s();
  return seconds;
}

}  // namespace hpcai::data
