#pragma once

namespace hpcai {

// Restricts this process to the system calls that reading files, memory and its end need; `answer` is the only descriptor it may
// write to. All other calls fail with EPERM: programs, processes, threads, sockets, signals to others, files opened for writing,
// renamed or removed, executable memory. A call of another architecture ends the process with SIGSYS. The restriction cannot be
// undone. The calling thread must be the only one. Returns false, and restricts nothing, if the kernel or the architecture (other
// than x86-64 and aarch64) has no such filter, or under the address or thread sanitizer, which need more calls.
bool allow_only_reading(int answer);

}  // namespace hpcai
