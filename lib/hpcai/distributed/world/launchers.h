#pragma once

#include "hpcai/distributed/world/variables.h"
#include "hpcai/distributed/world/world.h"

// What each launcher's variables mean. `claim` is the launcher's word on rank and size; `port`, if not 0, is the user's
// choice of a port. All throw Error{usage}, naming the variables, for a set that is incomplete or impossible.
namespace hpcai::distributed {

// The ranks of --nproc, all on one host.
World from_nproc(const Variables& variables, const Claim& claim);

// torchrun, and whatever sets the same variables: PyTorchJob of Kubernetes, scripts.
World from_torchrun(const Variables& variables, const Claim& claim, int port);

World from_slurm(const Variables& variables, const Claim& claim, int port);
World from_open_mpi(const Variables& variables, const Claim& claim, int port);

// The mpiexec of MPICH, Intel MPI, MVAPICH and Cray, which set PMI_RANK.
World from_pmi(const Variables& variables, const Claim& claim, int port);

}  // namespace hpcai::distributed
