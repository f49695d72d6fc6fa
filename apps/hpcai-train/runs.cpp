#include "runs.h"

namespace hpcai::app {

void add_runs(CommandLine& line) {
  CLI::App& app = add_runs_readers(line);
  add_runs_rerun(line, app);
  add_runs_verify(line, app);
}

}  // namespace hpcai::app
