#pragma once

#include <atomic>
#include <string>

#include "hpcai/core/threads/team.h"

namespace hpcai {

// LibTorch's operators, oneDNN and MKL compute in parallel regions of OpenMP, as GCC compiles them: calls of GOMP_parallel and
// other functions of libgomp. libgomp's threads spin for milliseconds at the end of each region, and a region ends only
// when each of them has come. So two threads become up to 20 times slower than one when another program keeps one of
// them from its core, or when a processor quota is used up by spinning. Therefore this program defines these functions
// itself (openmp_abi.cpp), on top of its team (team.h). The dynamic linker prefers a program's functions to a library's.
//
// libgomp stays in charge where the user asks for something that the team does not do: threads that are bound to places
// (OMP_PROC_BIND, OMP_PLACES, GOMP_CPU_AFFINITY).
bool team_serves_openmp();

// Threads of a parallel region, of LibTorch's as of this program's own: set_compute_threads; else OMP_NUM_THREADS; else all
// cores that this process may use.
int compute_threads();

// Starts the threads. Throws the error of process_limit() if the system refuses one.
void set_compute_threads(int threads);

// As team::run, also where libgomp is in charge. In a thread that works in a region already, all parts are done by itself.
void run_parts(int count, team::Part part, void* data);

// How long a waiting thread looks for work before it sleeps, in words for the user.
std::string describe_waiting();

namespace openmp {
// What omp_set_num_threads sets, for all threads of the process.
std::atomic<int>& default_threads();
}  // namespace openmp

}  // namespace hpcai
