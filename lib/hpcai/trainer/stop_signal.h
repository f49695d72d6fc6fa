#pragma once

namespace hpcai::trainer {

// SIGTERM, SIGINT and SIGUSR1 ask for a clean stop: the handler only sets a flag, which the training loop reads between
// steps and agrees on with the other ranks. A second signal ends the process at once with status 128 + signal.
void install_stop_signals();
bool stop_requested();
// The signal that asked, 0 if none did.
int stop_signal();

}  // namespace hpcai::trainer
