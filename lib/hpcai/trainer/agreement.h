#pragma once

#include "hpcai/distributed/exchange/group.h"
#include "hpcai/trainer/build.h"
#include "hpcai/trainer/model_record.h"
#include "hpcai/trainer/run.h"

namespace hpcai::trainer {

struct Experiment;

// Compares the ranks before anything is written. Throws Error{ranks_disagree} on all ranks if one has another build of the
// program or of its libraries, another config, or other options for the run folder. The error names the rank and what differs.
// Every rank calls this function.
void agree_on_run(distributed::Group& group, const Experiment& experiment, const RunOptions& options);

// As agree_on_run, for the data, which differ if a rank sees other files: the sizes of the splits, and the names, order, labels
// and contents of their samples. `fingerprints`: those of this rank; see fingerprints_of().
void agree_on_data(distributed::Group& group, const data::Splits& data, const DataFingerprints& fingerprints);

}  // namespace hpcai::trainer
