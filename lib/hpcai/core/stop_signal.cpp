#include "hpcai/core/stop_signal.h"

#include <signal.h>
#include <unistd.h>

#include <iterator>

#include "hpcai/core/error.h"

namespace hpcai {
namespace {

constexpr char kTooEarly[] = "stopped    before the first step: nothing to save. Start again with --resume auto\n";
// Requests to this program. They count even if the program was started with the signal ignored, as a shell starts a program in
// the background.
constexpr int kRequests[] = {SIGTERM, SIGINT, SIGUSR1};
// News of a terminal that closes, a batch system or the limit of CPU time. They do not count if they were ignored at the start,
// as nohup ignores SIGHUP.
constexpr int kNews[] = {SIGUSR2, SIGHUP, SIGXCPU};

enum Reaction : sig_atomic_t { note, end, save };
volatile sig_atomic_t received = 0, answer = note, speaks = 0;

// The signals that this process heeds. An array, because note_stop_signals() runs before the libraries are initialised.
int heeded[std::size(kRequests) + std::size(kNews)];
size_t heeded_count = 0;

bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

[[noreturn]] void end_early() {
  if (speaks != 0) [[maybe_unused]]
    const auto written = write(STDERR_FILENO, kTooEarly, sizeof kTooEarly - 1);
  _exit(static_cast<int>(ExitCode::stopped));
}

extern "C" void on_stop_signal(int signal) {
  if (answer == end) end_early();
  if (answer == save && received != 0 && signal == SIGINT) _exit(128 + signal);
  if (received == 0) received = signal;
}

void handle_with(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : stop_signals()) sigaction(signal, &action, nullptr);
}

void change_mask(int how) {
  sigset_t all;
  sigemptyset(&all);
  for (const int signal : stop_signals()) sigaddset(&all, signal);
  sigprocmask(how, &all, nullptr);
}

}  // namespace

std::span<const int> stop_signals() {
  if (heeded_count == 0) {
    for (const int signal : kRequests) heeded[heeded_count++] = signal;
    for (const int signal : kNews) {
      if (!is_ignored(signal)) heeded[heeded_count++] = signal;
    }
  }
  return {heeded, heeded_count};
}

void hold_stop_signals() { change_mask(SIG_BLOCK); }

void note_stop_signals() {
  handle_with(on_stop_signal);
  change_mask(SIG_UNBLOCK);
}

void end_on_stop_signals(bool speak) {
  speaks = speak ? 1 : 0;
  answer = end;
  handle_with(on_stop_signal);
  if (received != 0) end_early();
}

void save_on_stop_signals() { answer = save; }

void restore_stop_signals() {
  handle_with(SIG_DFL);
  if (received > 0) raise(received);
}

bool stop_requested() { return received != 0; }

void request_stop() {
  if (received == 0) received = -1;
}

int stop_signal() { return received > 0 ? received : 0; }

}  // namespace hpcai
