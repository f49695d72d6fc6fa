#pragma once

#include <cstddef>

namespace hpcai {

// Makes the C library keep freed memory for the next step, which needs the same sizes again. By default the library returns large
// pieces to the kernel at once, and the kernel clears every page when it hands it out again: a fifth of a step's time on CPUs.
// Pieces above 256 MiB, with old libraries above 32 MiB, still go back, so the program does not grow. Call it first in main().
void keep_freed_memory();

// Makes the C library of the programs that this process becomes or starts ask for pages of 2 MiB, where the system leaves that
// choice to programs. A step of a convolutional network touches gigabytes, and with pages of 4 KiB it spends a tenth of its time
// on page faults and on looking up addresses. The library reads the setting from the environment (GLIBC_TUNABLES) when a program
// starts, so a program cannot choose for itself. A user's own choice stays.
void ask_for_large_pages();

// Writes the limits of this process's memory, " (ulimit -d is 102400 kB)", into `text`, or an empty text if there is none. It
// allocates no memory.
void describe_memory_limits(char* text, size_t size);

}  // namespace hpcai
