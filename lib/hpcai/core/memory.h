#pragma once

namespace hpcai {

// Lets the C library keep the memory that is freed for the next step, which wants the same sizes again. By default it gives
// large pieces back to the system at once, and the system clears every page anew: a fifth of a step's time on CPUs. Call it
// first in main(). Pieces above 32 MiB still go back, so the program does not grow.
void keep_freed_memory();

}  // namespace hpcai
