#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hpcai/core/threads/cores.h"

namespace hpcai::runs {

// A program or a library of this machine.
struct Part {
  std::string path;
  std::string version;  // "2.28.9"; empty if it does not tell
};

// The locks that a file system offers to FolderLock (core/folder_lock.h).
enum class Locks {
  advisory,   // on folders or on files; they end with the process
  none,       // none of them: the program creates a lock file
  not_known,  // the folder cannot be opened or written
};

// What `info --system` tells about the machine that this process runs on.
struct SystemFacts {
  std::string architecture;                   // "x86_64", "aarch64"
  std::vector<std::string> instruction_sets;  // those that the kernels of the program or of LibTorch use; empty if not known
  std::string vectors;                        // the best that computations use of them: "avx512", "avx2", "default"; empty on ARM
  bool vectors_are_limited = false;           // by ATEN_CPU_CAPABILITY
  CoreLimits cores;
  double memory_bytes = 0, available_memory_bytes = 0;  // 0 if not known
  std::optional<double> memory_limit_bytes;             // of the cgroup
  std::optional<double> shared_memory_bytes;            // size of /dev/shm
  std::string folder,
      file_system;                 // the current folder, empty if it was removed, and the type of its file system: "ext4", "nfs4"
  Locks locks = Locks::not_known;  // in the current folder
  std::string glibc, libtorch;
  std::optional<Part> mpi, slurm;                     // mpirun, sinfo
  std::optional<Part> nccl_of_libtorch;               // that LibTorch brings
  std::optional<Part> nccl_of_path;                   // the first one in LD_LIBRARY_PATH
  std::optional<Part> nccl_of_system;                 // the first one in the folders of the system
  std::optional<Part> cuda_toolkit;                   // nvcc
  std::optional<Part> cuda_runtime;                   // libcudart of LibTorch
  std::string driver;                                 // version of the NVIDIA driver; empty if there is none
  std::vector<std::string> gpus;                      // names
  bool gpu_part = false;                              // whether the program's part for GPUs, libhpcai_cuda.so, is there
  std::map<std::string, std::string> variables = {};  // of the environment
};

// Asks the machine. It starts mpirun, sinfo and nvcc, where they exist, for their versions, and loads the libraries of NCCL and
// CUDA, but no LibTorch. It needs no GPU.
SystemFacts gather_system_facts();

}  // namespace hpcai::runs
