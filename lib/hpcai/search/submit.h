#pragma once

#include <string>
#include <vector>

#include "hpcai/core/process.h"
#include "hpcai/search/search_folder.h"

// A search as one Slurm array. Each element of the array is a worker, which trains every n-th trial and reads the journals of the
// others.
namespace hpcai::search {

struct SlurmOptions {
  int workers = 1;
  int cpus_per_rank = 1;
  std::vector<std::string> directives = {};  // further options of sbatch, such as "--partition=gpu"
};

// The batch script. The workers need nothing but the folder of the search. Paths in it are absolute.
std::string array_script(const Search& search, int64_t trials, const SlurmOptions& options);

// Whether the last array still waits or runs; then says so. Throws what jobs/slurm.h throws, and Error{bad_data}.
bool is_submitted(const Search& search);

// Writes <folder>/jobs/search.sh, submits it, and records the job in <folder>/jobs/job.json. Submits nothing
// if is_submitted(). Throws what jobs/slurm.h throws, and Error{cannot_write, bad_data}.
void submit(const Search& search, int64_t trials, const SlurmOptions& options);

// The number of this process's element in the array, from 1, of `workers`. Throws Error{usage} outside of such an array.
int worker_number(const Environment& environment, int workers);

}  // namespace hpcai::search
