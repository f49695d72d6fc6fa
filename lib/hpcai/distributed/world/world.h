#pragma once

#include <optional>
#include <string>

#include "hpcai/core/process.h"

namespace hpcai::distributed {

// The launcher's information about this process: its rank, and where the ranks meet. The default is a run of one rank. The ranks
// learn which of them share a host only when they have met: see Placement.
struct World {
  int rank = 0;
  int size = 1;
  // The launcher's numbers for this host, used to choose a GPU. Many launchers omit them, so no exchange may depend on them.
  std::optional<int> local_rank = std::nullopt;
  std::optional<int> local_size = std::nullopt;
  std::string launcher = "none";  // "nproc", "torchrun", "environment", "trainjob", "slurm", "openmpi", "pmi", "none"
  std::string master_host = "";   // host of rank 0; empty in a world of one rank
  int master_port = 0;
  int spare_ports = 0;               // rank 0 may use one of this many following ports instead
  bool master_host_guessed = false;  // the launcher does not state the host of rank 0; master_host is this host
  std::string fallback_host = "";    // address of rank 0's host, if master_host cannot be resolved
  bool launcher_listens = false;     // torchrun's agent, and not rank 0, listens at the master's address
  int listen_fd = -1;                // a listening socket that rank 0 inherits from the parent of --nproc
  int parent_fd = -1;                // this rank's end of the socket pair with the parent of --nproc; see Reunion
  int restarts = 0;                  // how often ranks of this run were lost and started again, or left out; see Reunion
  int most_restarts = 0;             // how often ranks may be left out, of --restarts
  std::string job = "";              // identifies this run among others that meet at the same address; random with --nproc
  std::string hint = "";             // a warning about a probable mistake in the environment; usually empty

  // Whether these are the living ranks of a larger world, which have lost others and go on without a parent's help.
  bool goes_on_alone() const { return restarts > 0 && most_restarts > 0 && launcher != "nproc"; }
};

// Reads the variables of --nproc (HPCAI_*), torchrun and PyTorchJob (RANK, WORLD_SIZE, ...), TrainJob (PET_*), Open MPI
// (OMPI_COMM_WORLD_*), Slurm (SLURM_* inside srun) and PMI (PMI_RANK, ...). Without any of them the world has one rank; so has a
// plain run inside a Slurm allocation. `port` other than 0 (distributed.port) replaces the launcher's port, except if the
// launcher itself listens there. Throws Error{usage} that names the variables if a set is incomplete or impossible, or
// contradicts another one.
World detect_world(const Environment& environment, int port = 0);

}  // namespace hpcai::distributed
