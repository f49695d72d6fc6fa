// libexec/hpcai-train, the whole program. A user starts bin/hpcai-train (start/main.cpp), which becomes this one.
#include <c10/util/Exception.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include "commands.h"
#include "ending.h"
#include "fixed_answers.h"
#include "hpcai/config/config.h"
#include "hpcai/core/error.h"
#include "hpcai/core/log.h"
#include "hpcai/core/memory.h"
#include "hpcai/core/stop_signal.h"
#include "hpcai/core/text.h"
#include "hpcai/core/version.h"
#include "hpcai/kernels/simd/instruction_set.h"
#include "hpcai/trainer/experiment.h"
#include "steady_formatter.h"

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

// LibTorch throws OutOfMemoryError only for tensors in GPU memory. For host memory and for CUDA's own needs the text is examined.
bool is_out_of_memory(const c10::Error& error) {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) || error.msg().find("allocate memory") != std::string::npos ||
         error.msg().find("CUDA error: out of memory") != std::string::npos;
}

// Calls the command, and throws exceptions of LibTorch on as those that every part of the program knows.
int run_command(const app::Run& run) {
  try {
    return run();
  } catch (const c10::Error& e) {
    if (is_out_of_memory(e)) throw std::bad_alloc();
    throw std::runtime_error(e.what_without_backtrace());
  }
}

void describe(app::CommandLine& line) {
  line.settings = [] { return config::key_lines(config::description<trainer::Experiment>()); };
  line.app.name("hpcai-train");
  line.app.description("Trains scientific neural networks on one core, one GPU or a whole cluster, as a YAML file describes.");
  line.app.footer(kExamples);
  line.app.set_version_flag("--version", std::string("hpcai-train ") + kVersion);
  line.app.require_subcommand(0, 1);
  line.app.formatter(std::make_shared<app::SteadyFormatter>());
  line.app.get_formatter()->column_width(34);
  app::add_train(line);
  app::add_check(line);
  app::add_info(line);
  app::add_keys(line);
  app::add_explain(line);
  app::add_runs(line);
  app::add_status(line);
  app::add_generate(line);
  app::add_convert(line);
  app::add_crossmatch(line);
  app::add_evaluate(line);
  app::add_predict(line);
  app::add_self_train(line);
  app::add_embed(line);
  app::add_saliency(line);
  app::add_export(line);
  app::add_replay(line);
  app::add_report(line);
  app::add_bench(line);
  app::add_calibrate(line);
  app::add_plan(line);
  app::add_scaling(line);
  app::add_search(line);
  app::add_completion(line);
  app::add_man(line);
  app::add_fixed_answers(line, describe);
}

// The command whose help says what is wrong: "hpcai-train runs list".
std::string chosen_command(const CLI::App& program) {
  std::string name = program.get_name();
  for (const CLI::App* app = &program; !app->get_subcommands().empty();) {
    app = app->get_subcommands().back();
    name += " " + app->get_name();
  }
  return name;
}

int run(app::CommandLine& line, int argc, char** argv) {
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return line.app.exit(e);  // --help, --version
  } catch (const CLI::ParseError& e) {
    log::error("{}. See {} --help", printable(e.what()), chosen_command(line.app));
    return static_cast<int>(ExitCode::usage);
  }
  const bool trains = line.app.get_subcommands().empty();
  if (!trains) restore_stop_signals();
  return app::guarded([&line] { return run_command(line.run); });
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
  app::begin();
  keep_freed_memory();
  kernels::limit_instruction_set();
  StandardOutput output;
  app::CommandLine line;
  line.arguments.assign(argv + 1, argv + argc);
  describe(line);
  const int status = app::finish(output, run(line, argc, argv));
#ifndef __SANITIZE_ADDRESS__
  // Nothing is left to do but LibTorch's clearing up, a third of the time of a short command. A preloaded tool that watches a
  // program, such as Darshan, writes its results at the usual end.
  if (std::getenv("LD_PRELOAD") == nullptr) {
    log::close_file();  // writes lines that a full disk has held back
    std::fflush(nullptr);
    _exit(status);
  }
#endif
  return status;
}
