#pragma once

#include <string>
#include <vector>

#include "hpcai/scaling/jobs/slurm_jobs.h"
#include "hpcai/scaling/study/study.h"

namespace hpcai::scaling {

// How a study is done.
enum class StudyMode {
  run,      // here, one run after the other
  submit,   // as Slurm jobs
  collect,  // start nothing, only report
};

struct StudyOptions {
  StudyMode mode = StudyMode::run;
  double calibration_s = 60;  // how long to measure for the prediction, once; 0: none
  SlurmOptions slurm;
};

// Does what is left of a study (finished runs stay, half-finished ones resume), prints the table to stdout, and leaves
// scaling.json and figure1.svg. Returns ExitCode::done; ExitCode::stopped after a signal, with the running world saved; the exit
// status of the first run that failed, after the others have been done. `command` is for scaling.json.
int run_study(const Study& study, const StudyOptions& options, const std::vector<std::string>& command);

}  // namespace hpcai::scaling
