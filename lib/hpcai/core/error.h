#pragma once

#include <stdexcept>
#include <string>

namespace hpcai {

// Exit statuses of the program. README.md lists them; they are part of the program's interface.
enum class ExitCode : int {
  done = 0,
  usage = 2,               // wrong command line or config
  bad_data = 65,           // a data file breaks its contract
  missing_input = 66,      // a file or folder does not exist or cannot be read
  peers_unreachable = 69,  // the ranks did not find each other, or one was lost
  internal = 70,           // a bug in this program
  cannot_write = 74,       // disk full, no permission
  stopped = 75,            // stopped cleanly on a signal, state saved: queue it again
  ranks_disagree = 76,     // ranks have different configs, builds, data or states
  cannot_resume = 78,      // no checkpoint fits this run
  diverged = 79,           // the loss, a gradient or a state to save is not finite
  hang = 80,               // a rank made no progress within its time limit
};

// A failure whose cause lies outside the program. `what` names the place and the reason. `remedy` tells the user what to do and
// may be empty. Every other exception is a bug and ends in ExitCode::internal.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& what, std::string remedy = "")
      : std::runtime_error(what), code_(code), remedy_(std::move(remedy)) {}

  ExitCode code() const { return code_; }
  const std::string& remedy() const { return remedy_; }

 private:
  ExitCode code_;
  std::string remedy_;
};

// An Error that every rank throws alike. Only rank 0 reports it.
class SharedError : public Error {
 public:
  using Error::Error;
};

// An Error about this rank's own host or GPU. Each rank that throws it reports it, because rank 0 may be unaffected.
class LocalError : public Error {
 public:
  using Error::Error;
};

}  // namespace hpcai
