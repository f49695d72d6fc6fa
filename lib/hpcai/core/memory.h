#pragma once

#include <cstddef>

namespace hpcai {

// Makes the C library keep freed memory for the next step, which needs the same sizes again. By default the library returns large
// pieces to the kernel at once, and the kernel clears every page when it hands it out again: a fifth of a step's time on CPUs.
// Pieces above 32 MiB still go back, so the program does not grow. Call it first in main().
void keep_freed_memory();

// Writes the limits of this process's memory, " (ulimit -d is 102400 kB)", into `text`, or an empty text if there is none. It
// allocates no memory.
void describe_memory_limits(char* text, size_t size);

}  // namespace hpcai
