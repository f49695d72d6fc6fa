#pragma once

#include <map>
#include <string>

#include "hpcai/core/process.h"

namespace hpcai::distributed {

// Which rank this process is, and where the ranks meet. The default is a run of one rank.
struct World {
  int rank = 0;
  int size = 1;
  int local_rank = 0;  // among the ranks of this host
  int local_size = 1;
  std::string launcher = "none";  // "nproc", "torchrun", "environment", "slurm", "openmpi", "pmi", "none"
  std::string master_host = "";   // where rank 0 listens; empty in a world of one rank
  int master_port = 0;
  int spare_ports = 0;             // rank 0 may take one of as many following ports instead
  std::string fallback_host = "";  // of rank 0, if master_host turns out to be no name of a host
  bool launcher_listens = false;   // torchrun's agent serves the store: rank 0 is a client like the others
  int listen_fd = -1;              // a socket that already listens, inherited by rank 0 from --nproc
  std::string job = "";            // tells this run apart from others that meet at the same address; random with --nproc
  std::string hint = "";           // what the user may have meant instead, worth a warning; mostly empty

  bool one_host() const { return local_size == size; }
};

// Reads the variables of --nproc (HPCAI_*), torchrun (RANK, WORLD_SIZE, ...), Open MPI (OMPI_COMM_WORLD_*), Slurm
// (SLURM_* inside srun) and PMI (PMI_RANK, ...); with none of them, one rank. A plain run inside a Slurm allocation is
// one rank. `port` other than 0 (distributed.port) replaces the launcher's port, except where the launcher itself listens.
// Throws Error{usage}, naming the variables, if a set is incomplete, impossible, or contradicts another.
World detect_world(const Environment& environment, int port = 0);

// Whether the launcher has bound each rank to cores of its own.
bool has_bound_cores(const World& world);
// This rank's part of the cores that the ranks of this host share, below 1 where there are more ranks than cores.
double cores_of_rank(const World& world);
// Threads for its computations, at least 1.
int share_of_cores(const World& world);

}  // namespace hpcai::distributed
