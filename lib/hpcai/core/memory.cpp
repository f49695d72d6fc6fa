#include "hpcai/core/memory.h"

#include <climits>

#ifdef __GLIBC__  // <climits> has defined it
#include <malloc.h>
#endif

namespace hpcai {

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the largest value that mallopt accepts
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

}  // namespace hpcai
