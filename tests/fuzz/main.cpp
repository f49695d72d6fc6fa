// Reads random damage to sound inputs with one of the program's readers, and reports what a reader must not do.
//   fuzz_readers|fuzz_experiment TARGET --runs N [--seed S] [--out FOLDER]   N mutations; the same N and S give the same inputs
//   fuzz_readers|fuzz_experiment TARGET FILE...                              the files, such as one that an earlier call has
//   written
// Exit status 1 and the file FOLDER/fuzz-TARGET for the first faulty input.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/log.h"
#include "hpcai/core/text.h"
#include "mutation.h"
#include "target.h"

// The sanitizer then ends the process by a signal, and the handler below writes the input.
extern "C" const char* __asan_default_options() { return "abort_on_error=1:handle_segv=0:handle_sigbus=0:handle_sigfpe=0"; }
extern "C" const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }

namespace {

// The present input and the file that receives it. A signal handler reads them.
std::string input;
std::string faulty_file;

// Only calls that are safe in a signal handler.
void keep_input() {
  const int file = open(faulty_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (file < 0) return;
  for (size_t done = 0; done < input.size();) {
    const ssize_t wrote = write(file, input.data() + done, input.size() - done);
    if (wrote <= 0) break;
    done += static_cast<size_t>(wrote);
  }
  close(file);
}

extern "C" void end_on_signal(int signal) {
  keep_input();
  constexpr std::string_view kText = "fuzz: a signal while an input was read; the input is in ";
  for (const std::string_view text : {kText, std::string_view(faulty_file), std::string_view("\n")}) {
    if (write(STDERR_FILENO, text.data(), text.size()) < 0) break;
  }
  std::signal(signal, SIG_DFL);
  raise(signal);
}

void limit_time(unsigned processor_s, unsigned wait_s) {
  itimerval time{};
  time.it_value.tv_sec = processor_s;
  setitimer(ITIMER_PROF, &time, nullptr);
  alarm(wait_s);
}

// What is wrong with the way in which the target reads `input`; empty if nothing is.
std::string fault_of(const fuzz::Target& target) {
  limit_time(fuzz::kLongest_s, fuzz::kLongestWait_s);
  try {
    target.read(input);
  } catch (const hpcai::Error& error) {
    if (error.code() == hpcai::ExitCode::internal) return fmt::format("an internal error: {}", error.what());
    if (hpcai::printable_lines(error.what()) != error.what()) return fmt::format("raw bytes in a message: {}", error.what());
  } catch (const std::exception& error) {
    return fmt::format("{}: {}", typeid(error).name(), error.what());
  }
  limit_time(0, 0);
  return "";
}

void try_input(const fuzz::Target& target, std::string text) {
  input = std::move(text);
  const std::string fault = fault_of(target);
  if (fault.empty()) return;
  keep_input();
  fuzz::remove_scratch();
  fmt::print(stderr, "fuzz {}: {}; the input is in {}\n", target.name, hpcai::printable_lines(fault), faulty_file);
  std::exit(1);
}

void try_mutations(const fuzz::Target& target, int64_t runs, uint64_t seed) {
  const std::vector<std::string> seeds = target.seeds();
  for (const std::string& sound : seeds) try_input(target, sound);
  for (int64_t run = 0; run < runs; ++run) {
    hpcai::Random random(seed, 0, static_cast<uint64_t>(run), hpcai::Purpose::test);
    try_input(target, fuzz::mutation(seeds, random));
  }
  fmt::print("fuzz {}: {} inputs\n", target.name, runs + std::ssize(seeds));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Reads random damage to sound inputs.");
  std::string name, out = ".";
  std::vector<std::string> files;
  int64_t runs = 1000;
  uint64_t seed = 1;
  std::vector<std::string> names;
  for (const fuzz::Target& target : fuzz::targets()) names.emplace_back(target.name);
  app.add_option("target", name, "The reader")->required()->check(CLI::IsMember(names));
  app.add_option("files", files, "Inputs to read instead of mutations");
  app.add_option("--runs", runs, "Number of mutations");
  app.add_option("--seed", seed, "Seed of the mutations");
  app.add_option("--out", out, "Folder for the first faulty input");
  CLI11_PARSE(app, argc, argv);
  const fuzz::Target& target = *std::ranges::find(fuzz::targets(), name, &fuzz::Target::name);
  faulty_file = fmt::format("{}/fuzz-{}", out, name);
  hpcai::log::set_rank(1);  // no warnings about the data, which only rank 0 gives
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPROF, SIGALRM}) std::signal(signal, end_on_signal);
  for (const std::string& file : files) try_input(target, hpcai::read_file(file));
  if (files.empty()) try_mutations(target, runs, seed);
  fuzz::remove_scratch();
}
