#include "ending.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>

#include "hpcai/core/as_error.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/open_files.h"
#include "hpcai/core/process.h"
#include "hpcai/core/version.h"
#include "hpcai/distributed/world/world.h"

namespace hpcai::app {
namespace {

// The command itself reports variables of the launcher that are not in order.
void note_rank() {
  try {
    log::set_rank(distributed::detect_world(process_environment()).rank);
  } catch (const Error&) {
  }
}

int fail(const Error& error, bool everywhere) {
  // If all ranks have the same error, only rank 0 prints it.
  if (log::rank() == 0 || !everywhere) {
    log::error("{}", error.what());
    if (!error.remedy().empty()) log::error("{}", error.remedy());
  }
  return static_cast<int>(error.code());
}

int fail_internally(const char* what) {
  log::error("internal error: {}", what);
  log::error("This is a bug in hpcai-train {}. Please report it with the command, the config and this text.", kVersion);
  return static_cast<int>(ExitCode::internal);
}

}  // namespace

void begin() {
  open_standard_streams();
  raise_open_file_limit();
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit becomes an ordinary write error
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe becomes one too; a training continues without a reader of its log
  note_rank();
}

int guarded(const std::function<int()>& run) {
  try {
    return run();
  } catch (const SharedError& e) {
    return fail(e, true);
  } catch (const LocalError& e) {
    return fail(e, false);
  } catch (const Error& e) {
    const bool everywhere = e.code() == ExitCode::usage || e.code() == ExitCode::ranks_disagree;
    return fail(e, everywhere);
  } catch (const std::exception& e) {
    const Error error = as_error(e);
    return error.code() == ExitCode::internal ? fail_internally(error.what()) : fail(error, false);
  }
}

int finish(StandardOutput& output, int status) {
  const int error = output.finish();
  if (error == 0) return status;
  log::error("cannot write to the standard output: {}", error == EBADF ? "it is closed" : std::strerror(error));
  if (error == ENOSPC || error == EDQUOT)
    log::error("Free some space at the place of the output; the output there is incomplete.");
  return status == 0 ? static_cast<int>(ExitCode::cannot_write) : status;
}

}  // namespace hpcai::app
