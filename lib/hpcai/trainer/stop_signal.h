#pragma once

namespace hpcai::trainer {

// SIGTERM, SIGINT and SIGUSR1 ask for a clean stop. Until begin_steps() there is nothing to save: the handler ends the process
// with ExitCode::stopped; where `speak`, it says so. After it, the handler only sets a flag, which the training loop reads
// between steps and agrees on with the other ranks. SIGINT after that ends the process at once with status 130. SIGTERM and
// SIGUSR1 may come again without harm: Slurm sends more than one when a job must leave or when the first rank has ended.
void install_stop_signals(bool speak);
void begin_steps();
bool stop_requested();
// Asks for a clean stop from within the program.
void request_stop();
// The signal that asked, 0 if none did.
int stop_signal();

}  // namespace hpcai::trainer
