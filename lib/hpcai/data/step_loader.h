#pragma once

#include <map>
#include <memory>
#include <string>

#include "hpcai/data/loader.h"

namespace hpcai::data {

// What one step works on: a batch of the training data, and one of every further source, by name.
struct StepBatch : Batch {
  std::map<std::string, Batch, std::less<>> further = {};
};

// Hands over the batches of several sources together, such as labelled and unlabelled images. The training data count the
// epochs; a further source goes round at its own pace: step s takes its batch s mod (batches of one of its epochs). So the
// batches of a step depend on its number alone, also after a restart and for any number of ranks.
class StepLoader {
 public:
  using Further = std::map<std::string, std::unique_ptr<Loader>, std::less<>>;

  explicit StepLoader(std::unique_ptr<Loader> main, Further further = {});

  // As of Loader, in epochs and batches of the training data.
  void seek(int64_t epoch, int64_t number);
  StepBatch next();

  const Loader& main() const { return *main_; }
  const Further& further() const { return further_; }
  double wait_s() const;  // over all sources

 private:
  std::unique_ptr<Loader> main_;
  Further further_;
};

}  // namespace hpcai::data
