#pragma once

#include "hpcai/distributed/exchange/group.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/run.h"

namespace hpcai::trainer {

struct Experiment;

// Before anything is written: throws Error{ranks_disagree}, on all ranks, naming those that run another build of this
// program or of its libraries, another config (with the keys that differ), or with other options for the run folder.
void agree_on_run(distributed::Group& group, const Experiment& experiment, const RunOptions& options);

// The same for the sizes of the data splits, which differ where a rank sees other files.
void agree_on_data(distributed::Group& group, const data::Splits& data);

}  // namespace hpcai::trainer
