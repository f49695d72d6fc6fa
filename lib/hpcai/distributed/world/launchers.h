#pragma once

#include "hpcai/distributed/world/variables.h"
#include "hpcai/distributed/world/world.h"

// Each function interprets the variables of one launcher. `claim` is the launcher's rank and size. `port`, if not 0, is the port
// that the user has chosen. All throw Error{usage} that names the variables if the set is incomplete or impossible.
namespace hpcai::distributed {

// For --nproc, whose ranks are all on one host.
World from_nproc(const Variables& variables, const Claim& claim);

// For torchrun and for everything that sets the same variables: PyTorchJob of Kubernetes, scripts.
World from_torchrun(const Variables& variables, const Claim& claim, int port);

// For a TrainJob of Kubernetes (Kubeflow Trainer 2), which sets torchrun's own options PET_NNODES, PET_NODE_RANK, ... in each
// pod: one rank for each pod. Throws Error{usage} if PET_NPROC_PER_NODE asks for more.
World from_train_job(const Variables& variables, const Claim& claim, int port);

// For srun of Slurm and mpirun of Open MPI.
World from_slurm(const Variables& variables, const Claim& claim, int port);
World from_open_mpi(const Variables& variables, const Claim& claim, int port);

// For the mpiexec of MPICH, Intel MPI, MVAPICH and Cray, which set PMI_RANK.
World from_pmi(const Variables& variables, const Claim& claim, int port);

}  // namespace hpcai::distributed
