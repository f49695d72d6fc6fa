#pragma once

#include <atomic>
#include <string>

#include "hpcai/core/threads/team.h"

namespace hpcai {

// LibTorch's operators, oneDNN and MKL compute in parallel regions of OpenMP. GCC compiles a region into calls of GOMP_parallel
// and other functions of libgomp. libgomp's threads spin for milliseconds at the end of each region, and the region ends when all
// of them have arrived. Two threads are therefore up to 20 times slower than one if another program occupies the core of one
// thread, or if spinning uses up a processor quota. This program defines these functions itself (openmp_abi.cpp), on top of its
// team (team.h). The dynamic linker prefers a program's functions to those of a library.
//
// Returns false if the user asks for a feature that only libgomp has: threads bound to places (OMP_PROC_BIND, OMP_PLACES,
// GOMP_CPU_AFFINITY). Then libgomp runs the regions.
bool team_serves_openmp();

// Returns the number of threads of a parallel region, for LibTorch and for this program's kernels: that of set_compute_threads(),
// else OMP_NUM_THREADS, else the number of cores that this process may use.
int compute_threads();

// Sets the number of threads and starts them. Throws the error of process_limit() if the system refuses one.
void set_compute_threads(int threads);

// As team::run, with libgomp's threads if libgomp runs the regions. A thread that is inside a region already performs all parts
// itself.
void run_parts(int count, team::Part part, void* data);

// Returns a text for the user: how long a waiting thread polls for work before it sleeps.
std::string describe_waiting();

namespace openmp {
// The value of omp_set_num_threads, for all threads of the process.
std::atomic<int>& default_threads();
}  // namespace openmp

}  // namespace hpcai
