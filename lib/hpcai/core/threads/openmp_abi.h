#pragma once

#include <dlfcn.h>

namespace hpcai::openmp {

// GCC's OpenMP library, some of whose functions this program replaces (openmp.h).
struct Libgomp {
  // Returns libgomp's own function of this name.
  template <class Function>
  static Function find(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
  }
  using Work = void (*)(void*);
  using Number = int (*)();
  using Start = bool (*)(long, long, long, long, long*, long*);
  using Next = bool (*)(long*, long*);
  using Plain = void (*)();

  void (*parallel)(Work, void*, unsigned, unsigned) = find<void (*)(Work, void*, unsigned, unsigned)>("GOMP_parallel");
  void (*set_num_threads)(int) = find<void (*)(int)>("omp_set_num_threads");
  Number get_max_threads = find<Number>("omp_get_max_threads"), get_num_threads = find<Number>("omp_get_num_threads"),
         get_thread_num = find<Number>("omp_get_thread_num"), in_parallel = find<Number>("omp_in_parallel");
  Plain barrier = find<Plain>("GOMP_barrier"), loop_end = find<Plain>("GOMP_loop_end"),
        loop_end_nowait = find<Plain>("GOMP_loop_end_nowait"), ordered_start = find<Plain>("GOMP_ordered_start"),
        ordered_end = find<Plain>("GOMP_ordered_end"), sections_end = find<Plain>("GOMP_sections_end"),
        sections_end_nowait = find<Plain>("GOMP_sections_end_nowait");
  bool (*single_start)() = find<bool (*)()>("GOMP_single_start");
  Start loop_dynamic_start = find<Start>("GOMP_loop_dynamic_start"),
        loop_ordered_dynamic_start = find<Start>("GOMP_loop_ordered_dynamic_start");
  Next loop_dynamic_next = find<Next>("GOMP_loop_dynamic_next"),
       loop_ordered_dynamic_next = find<Next>("GOMP_loop_ordered_dynamic_next");
  unsigned (*sections_start)(unsigned) = find<unsigned (*)(unsigned)>("GOMP_sections_start");
  unsigned (*sections_next)() = find<unsigned (*)()>("GOMP_sections_next");
};

// Returns null if the team serves OpenMP, else libgomp, to which all calls then go.
const Libgomp* libgomp();

}  // namespace hpcai::openmp
