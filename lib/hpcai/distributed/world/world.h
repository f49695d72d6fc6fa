#pragma once

#include <optional>
#include <string>

#include "hpcai/core/process.h"

namespace hpcai::distributed {

// What the launcher tells this process: which rank it is, and where the ranks meet. The default is a run of one rank.
// Which ranks share a host is not known before they have met: see Placement.
struct World {
  int rank = 0;
  int size = 1;
  // The launcher's words on this host, used to choose a GPU. Many launchers tell neither, so no exchange may depend on them.
  std::optional<int> local_rank = std::nullopt;
  std::optional<int> local_size = std::nullopt;
  std::string launcher = "none";  // "nproc", "torchrun", "environment", "slurm", "openmpi", "pmi", "none"
  std::string master_host = "";   // where rank 0 listens; empty in a world of one rank
  int master_port = 0;
  int spare_ports = 0;               // rank 0 may take one of as many following ports instead
  bool master_host_guessed = false;  // the launcher does not tell where rank 0 runs: it is looked for on this host
  std::string fallback_host = "";    // of rank 0, if master_host turns out to be no name of a host
  bool launcher_listens = false;     // torchrun's agent serves the store: rank 0 is a client like the others
  int listen_fd = -1;                // a socket that already listens, inherited by rank 0 from --nproc
  std::string job = "";              // tells this run apart from others that meet at the same address; random with --nproc
  std::string hint = "";             // what the user may have meant instead, worth a warning; mostly empty
};

// Reads the variables of --nproc (HPCAI_*), torchrun (RANK, WORLD_SIZE, ...), Open MPI (OMPI_COMM_WORLD_*), Slurm
// (SLURM_* inside srun) and PMI (PMI_RANK, ...); with none of them, one rank. A plain run inside a Slurm allocation is
// one rank. `port` other than 0 (distributed.port) replaces the launcher's port, except where the launcher itself listens.
// Throws Error{usage}, naming the variables, if a set is incomplete, impossible, or contradicts another.
World detect_world(const Environment& environment, int port = 0);

}  // namespace hpcai::distributed
