#pragma once

#include <span>

// These signals ask a training to stop cleanly: SIGTERM, SIGINT, SIGUSR1, and, unless the process was started with the signal
// ignored, SIGUSR2 (Grid Engine with -notify), SIGHUP (the terminal has closed) and SIGXCPU (the soft limit of CPU time). Their
// effect depends on the last of these calls:
//
//   note_stop_signals()       The signal is noted, because the command is not known yet.
//   end_on_stop_signals()     The process ends at once with ExitCode::stopped, because there is nothing to save. A signal noted
//                             before has the same effect.
//   save_on_stop_signals()    The signal is noted. The training loop calls stop_requested() between steps and agrees with the
//                             other ranks on a last step. A later SIGINT ends the process at once with status 130. Further
//                             signals of the other kinds have no effect, because Slurm sends more than one when it preempts a
//                             job or when the first rank has ended.
//
// The call sets the handlers of the whole process.
namespace hpcai {

// Returns the signals that this process heeds: those above, without SIGUSR2, SIGHUP and SIGXCPU that were ignored at the first
// call of a function of this header.
std::span<const int> stop_signals();

// Blocks the signals. They stay pending until note_stop_signals(), also if this process becomes another program before.
void hold_stop_signals();
// Notes the signals and unblocks them. A parent can block them until this process is ready.
void note_stop_signals();
// `speak`: report the end on stderr.
void end_on_stop_signals(bool speak);
void save_on_stop_signals();
// For commands without a clean stop: the signals, also one noted before, have their default effect again.
void restore_stop_signals();

bool stop_requested();
// Requests a clean stop from within the program.
void request_stop();
int stop_signal();  // the signal that requested the stop; 0 if there was none

}  // namespace hpcai
