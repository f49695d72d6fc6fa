#include "hpcai/trainer/stop_signal.h"

#include <signal.h>
#include <unistd.h>

#include <initializer_list>

namespace hpcai::trainer {
namespace {

volatile sig_atomic_t received = 0;

extern "C" void on_stop_signal(int signal) {
  if (received != 0 && signal == SIGINT) _exit(128 + signal);
  if (received == 0) received = signal;
}

}  // namespace

void install_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaction(signal, &action, nullptr);
}

bool stop_requested() { return received != 0; }

int stop_signal() { return received; }

}  // namespace hpcai::trainer
