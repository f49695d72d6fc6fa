#include "hpcai/core/memory.h"

#include <sys/resource.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <string>

#ifdef __GLIBC__  // <climits> has defined it
#include <malloc.h>
#endif

namespace hpcai {

void keep_freed_memory() {
#ifdef __GLIBC__
  if (mallopt(M_MMAP_THRESHOLD, 256 << 20) == 0) mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most before glibc 2.35
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

void ask_for_large_pages() {
  const char* const given = std::getenv("GLIBC_TUNABLES");
  const std::string settings = given == nullptr ? "" : given;
  if (settings.find("glibc.malloc.hugetlb=") != std::string::npos) return;
  setenv("GLIBC_TUNABLES", (settings + (settings.empty() ? "" : ":") + "glibc.malloc.hugetlb=1").c_str(), 1);
}

void describe_memory_limits(char* text, size_t size) {
  struct Limit {
    __rlimit_resource resource;
    char letter;
  };
  text[0] = '\0';
  size_t length = 0;
  for (const Limit limit : {Limit{RLIMIT_DATA, 'd'}, Limit{RLIMIT_AS, 'v'}}) {
    rlimit value{};
    if (getrlimit(limit.resource, &value) != 0 || value.rlim_cur == RLIM_INFINITY || length >= size) continue;
    const int added = std::snprintf(text + length, size - length, " (ulimit -%c is %llu kB)", limit.letter,
                                    static_cast<unsigned long long>(value.rlim_cur >> 10));
    if (added > 0) length += static_cast<size_t>(added);
  }
}

}  // namespace hpcai
