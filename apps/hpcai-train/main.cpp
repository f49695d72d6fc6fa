#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>

#include "commands.h"
#include "hpcai/core/as_error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/memory.h"
#include "hpcai/core/open_files.h"
#include "hpcai/core/stop_signal.h"
#include "hpcai/core/streams.h"
#include "hpcai/core/text.h"
#include "hpcai/core/version.h"
#include "hpcai/distributed/world/world.h"

namespace {

using namespace hpcai;

constexpr const char* kExamples = R"(
examples:
  hpcai-train --config configs/waveform/quickstart.yaml
  hpcai-train --config configs/galaxy/quickstart.yaml --nproc 2 --set training.epochs=5
  srun hpcai-train --config configs/galaxy/paper.yaml --run-dir /scratch/me/galaxy --resume auto
  hpcai-train evaluate --run-dir runs/waveform-quickstart --split test

exit status: 0 done, 2 usage or config, 65 bad data, 66 missing input, 69 peers unreachable, 70 internal error,
  74 cannot write, 75 stopped cleanly (queue again), 76 ranks disagree, 78 resume impossible, 79 diverged, 80 hang,
  128+n ended by signal n)";

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

// LibTorch throws OutOfMemoryError only for tensors in GPU memory. For host memory and for CUDA's own needs the text is examined.
bool is_out_of_memory(const c10::Error& error) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) || error.msg().find("allocate memory") != std::string::npos ||
         error.msg().find("CUDA error: out of memory") != std::string::npos;
}

int fail_for_memory() { return fail(as_error(std::bad_alloc()), false); }

int guarded(const app::Run& run) {
  try {
    return run();
  } catch (const SharedError& e) {
    return fail(e, true);
  } catch (const LocalError& e) {
    return fail(e, false);
  } catch (const Error& e) {
    const bool everywhere = e.code() == ExitCode::usage || e.code() == ExitCode::ranks_disagree;
    return fail(e, everywhere);
  } catch (const c10::Error& e) {
    if (is_out_of_memory(e)) return fail_for_memory();
    return fail_internally(e.what_without_backtrace());
  } catch (const std::exception& e) {
    const Error error = as_error(e);
    return error.code() == ExitCode::internal ? fail_internally(error.what()) : fail(error, false);
  }
}

void describe(app::CommandLine& line) {
  line.app.name("hpcai-train");
  line.app.description("Trains scientific neural networks on one core, one GPU or a whole cluster, as a YAML file describes.");
  line.app.footer(kExamples);
  line.app.set_version_flag("--version", std::string("hpcai-train ") + kVersion);
  line.app.require_subcommand(0, 1);
  line.app.get_formatter()->column_width(34);
  app::add_train(line);
  app::add_check(line);
  app::add_info(line);
  app::add_keys(line);
  app::add_generate(line);
  app::add_convert(line);
  app::add_crossmatch(line);
  app::add_evaluate(line);
  app::add_predict(line);
  app::add_self_train(line);
  app::add_embed(line);
  app::add_explain(line);
  app::add_export(line);
  app::add_replay(line);
  app::add_bench(line);
  app::add_calibrate(line);
  app::add_plan(line);
  app::add_scaling(line);
}

int run(app::CommandLine& line, int argc, char** argv) {
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return line.app.exit(e);  // --help, --version
  } catch (const CLI::ParseError& e) {
    log::error("{}. See hpcai-train --help", printable(e.what()));
    return static_cast<int>(ExitCode::usage);
  }
  const bool trains = line.app.get_subcommands().empty();
  if (!trains) restore_stop_signals();
  return guarded(line.run);
}

// Turns a failed write to the standard output into exit status 74, unless the command has failed already. A reader that has
// closed its end of the pipe is not a failure.
int finish(StandardOutput& output, int status) {
  const int error = output.finish();
  if (error == 0) return status;
  log::error("cannot write to the standard output: {}", error == EBADF ? "it is closed" : std::strerror(error));
  if (error == ENOSPC || error == EDQUOT)
    log::error("Free some space at the place of the output; the output there is incomplete.");
  return status == 0 ? static_cast<int>(ExitCode::cannot_write) : status;
}

std::terminate_handler usual_end = nullptr;

// Ends the process when memory is lacking where no caller can report it: in a thread, or while a library is initialised. Every
// other exception that nobody catches has its usual end.
[[noreturn]] void end_for_memory() {
  const std::exception_ptr exception = std::current_exception();
  try {
    if (exception) std::rethrow_exception(exception);
  } catch (const std::bad_alloc&) {
    char limits[100], text[300];
    describe_memory_limits(limits, sizeof limits);
    const int size = std::snprintf(text, sizeof text,
                                   "error: out of memory%s\nerror: Raise the limit, or use a host with more memory.\n", limits);
    static_cast<void>(!write(STDERR_FILENO, text, static_cast<size_t>(size)));
    _exit(static_cast<int>(ExitCode::usage));
  } catch (...) {
  }
  if (usual_end != nullptr) usual_end();
  std::abort();
}

void prepare_for_libraries() {
  usual_end = std::set_terminate(end_for_memory);
  note_stop_signals();
}

}  // namespace

// The dynamic loader calls this before it initialises the libraries, because that takes long and may lack memory, and a stop
// signal must not wait so long.
#ifndef __SANITIZE_ADDRESS__
extern "C" {
__attribute__((section(".preinit_array"), used)) void (*const hpcai_prepare_for_libraries)() = prepare_for_libraries;
}
#endif

int main(int argc, char** argv) {
  note_stop_signals();
  open_standard_streams();
  raise_open_file_limit();
  keep_freed_memory();
  std::signal(SIGXFSZ, SIG_IGN);  // a file at its size limit becomes an ordinary write error
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe becomes one too; a training continues without a reader of its log
  note_rank();
  StandardOutput output;
  app::CommandLine line;
  line.arguments.assign(argv + 1, argv + argc);
  describe(line);
  return finish(output, run(line, argc, argv));
}
