#pragma once

#include <string>
#include <vector>

#include "hpcai/scaling/jobs/slurm_jobs.h"
#include "hpcai/scaling/study/study.h"

namespace hpcai::scaling {

// How the runs of a study are started.
enum class StudyMode {
  run,      // on this machine, one after the other
  submit,   // as Slurm jobs
  collect,  // no run is started; the report covers the runs that exist
};

struct StudyOptions {
  StudyMode mode = StudyMode::run;
  double calibration_s = 60;  // seconds of the calibration of each experiment; 0: no calibration and no prediction
  SlurmOptions slurm;
};

// Starts the runs that are left (finished runs are kept, interrupted runs resume), prints the table to stdout, and writes
// scaling.json (with `command`) and figure1.svg. Returns 0 if all runs succeeded, ExitCode::stopped after a signal (the run that
// the signal interrupted has saved a checkpoint), or the exit status of the first run that failed (the other runs are done).
// Throws Error for a folder that cannot be used (see StudyFolder) and for a missing or failing Slurm.
int run_study(const Study& study, const StudyOptions& options, const std::vector<std::string>& command);

}  // namespace hpcai::scaling
