#include "hpcai/core/memory.h"

#include <climits>

#ifdef __GLIBC__  // which <climits> has defined
#include <malloc.h>
#endif

namespace hpcai {

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the largest that it takes
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

}  // namespace hpcai
