#pragma once

// SIGTERM, SIGINT and SIGUSR1 ask a training to stop cleanly. What they do depends on how far the process has come:
//
//   after note_stop_signals()       the signal is only noted: the command is not known yet
//   after end_on_stop_signals()     there is nothing to save: the process ends at once with ExitCode::stopped, also if a signal
//                                   was noted before
//   after save_on_stop_signals()    the signal is noted; the training loop asks stop_requested() between steps and agrees with
//                                   the other ranks on a last one. A SIGINT after that ends the process at once with status 130;
//                                   SIGTERM and SIGUSR1 may come again without harm: Slurm sends more than one when a job must
//                                   leave or when the first rank has ended
namespace hpcai {

// Also unblocks them, so that a parent can block them until this process is ready for them.
void note_stop_signals();
// `speak`: whether the end is told on stderr.
void end_on_stop_signals(bool speak);
void save_on_stop_signals();
// For commands that have nothing to stop: the signals end the process as they end others, also one that was noted before.
void restore_stop_signals();

bool stop_requested();
// Asks for a clean stop from within the program.
void request_stop();
int stop_signal();  // the signal that asked, 0 if none did

}  // namespace hpcai
