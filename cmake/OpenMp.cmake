# Whether the program's own threads can serve LibTorch's parallel regions (lib/hpcai/core/threads/openmp.h): only if
# libtorch_cpu.so calls no function of libgomp but those of openmp_abi.cpp and those that know no region. Sets
# HPCAI_TEAM_SERVES_OPENMP.
set(hpcai_openmp_served
    GOMP_barrier GOMP_loop_dynamic_next GOMP_loop_dynamic_start GOMP_loop_end GOMP_loop_end_nowait GOMP_loop_ordered_dynamic_next
    GOMP_loop_ordered_dynamic_start GOMP_ordered_end GOMP_ordered_start GOMP_parallel GOMP_sections_end GOMP_sections_end_nowait
    GOMP_sections_next GOMP_sections_start GOMP_single_start omp_get_max_threads omp_get_num_threads omp_get_thread_num
    omp_in_parallel omp_set_num_threads)
set(hpcai_openmp_plain
    GOMP_atomic_end GOMP_atomic_start GOMP_critical_end GOMP_critical_name_end GOMP_critical_name_start GOMP_critical_start
    omp_get_num_procs omp_get_wtime)

if(NOT DEFINED HPCAI_TEAM_SERVES_OPENMP)
  execute_process(COMMAND ${CMAKE_NM} -D --undefined-only ${HPCAI_TORCH_ROOT}/lib/libtorch_cpu.so OUTPUT_VARIABLE symbols
                  RESULT_VARIABLE failed ERROR_QUIET)
  string(REGEX MATCHALL "(GOMP|omp|__kmpc)_[a-z_]+" symbols "${symbols}")
  list(REMOVE_DUPLICATES symbols)
  list(REMOVE_ITEM symbols ${hpcai_openmp_served} ${hpcai_openmp_plain})
  if(failed OR symbols)
    message(STATUS "OpenMP: left to LibTorch's library (${failed} ${symbols})")
    set(HPCAI_TEAM_SERVES_OPENMP OFF CACHE INTERNAL "")
  else()
    set(HPCAI_TEAM_SERVES_OPENMP ON CACHE INTERNAL "")
  endif()
endif()
