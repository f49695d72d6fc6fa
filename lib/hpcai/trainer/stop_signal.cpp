#include "hpcai/trainer/stop_signal.h"

#include <signal.h>
#include <unistd.h>

#include <initializer_list>

#include "hpcai/core/error.h"

namespace hpcai::trainer {
namespace {

constexpr char kTooEarly[] = "stopped    before the first step: nothing to save. Start again with --resume auto\n";

volatile sig_atomic_t received = 0, stepping = 0, speaks = 0;

extern "C" void on_stop_signal(int signal) {
  if (stepping == 0) {
    if (speaks != 0) [[maybe_unused]]
      const auto written = write(STDERR_FILENO, kTooEarly, sizeof kTooEarly - 1);
    _exit(static_cast<int>(ExitCode::stopped));
  }
  if (received != 0 && signal == SIGINT) _exit(128 + signal);
  if (received == 0) received = signal;
}

}  // namespace

void install_stop_signals(bool speak) {
  speaks = speak ? 1 : 0;
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaction(signal, &action, nullptr);
}

void begin_steps() { stepping = 1; }

bool stop_requested() { return received != 0; }

void request_stop() {
  if (received == 0) received = -1;
}

int stop_signal() { return received > 0 ? received : 0; }

}  // namespace hpcai::trainer
