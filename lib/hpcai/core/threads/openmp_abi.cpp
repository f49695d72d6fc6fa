// The functions of libgomp that LibTorch calls and that depend on a parallel region. openmp.h explains why this program defines
// them. cmake/OpenMp.cmake compares this list with the functions that libtorch_cpu.so needs. Contracts: GCC's libgomp/parallel.c,
// loop.c, ordered.c, sections.c, single.c and barrier.c. Critical sections and atomics do not depend on a region, so libgomp's
// functions serve them.
#include "hpcai/core/threads/openmp_abi.h"

#include <algorithm>

#include "hpcai/core/threads/openmp.h"
#include "hpcai/core/threads/openmp_region.h"

#if HPCAI_TEAM_SERVES_OPENMP

static_assert(sizeof(long) == sizeof(int64_t));

namespace {

using hpcai::openmp::begin_share;
using hpcai::openmp::libgomp;
using hpcai::openmp::member;
using hpcai::openmp::Region;

bool next_piece(bool ordered, long* begin, long* end) {
  int64_t from = 0, until = 0;
  if (!hpcai::openmp::next_piece(ordered, from, until)) return false;
  *begin = from;
  *end = until;
  return true;
}

// Returns the next section, counted from 1; 0 if none is left.
unsigned next_section() {
  long number = 0, end = 0;
  return next_piece(false, &number, &end) ? static_cast<unsigned>(number) : 0;
}

void barrier() {
  if (Region* const region = member().region) region->barrier();
}

}  // namespace

extern "C" {

void GOMP_parallel(void (*work)(void*), void* data, unsigned threads, unsigned flags) {
  if (const auto* other = libgomp()) return other->parallel(work, data, threads, flags);
  const int wanted = threads > 0 ? static_cast<int>(threads) : hpcai::compute_threads();
  const bool nested = member().region || hpcai::team::inside();
  Region region(work, data, nested ? 1 : std::min(wanted, hpcai::team::kMostThreads));
  if (region.count() == 1) return region.enter(0);
  hpcai::team::run(
      region.count(), [](void* of, int number) { static_cast<Region*>(of)->enter(number); }, &region);
}

void omp_set_num_threads(int threads) {
  if (const auto* other = libgomp()) return other->set_num_threads(threads);
  if (threads > 0) hpcai::openmp::default_threads() = std::min(threads, hpcai::team::kMostThreads);
}

int omp_get_max_threads() {
  if (const auto* other = libgomp()) return other->get_max_threads();
  return hpcai::compute_threads();
}

int omp_get_num_threads() {
  if (const auto* other = libgomp()) return other->get_num_threads();
  return member().region ? member().region->count() : 1;
}

int omp_get_thread_num() {
  if (const auto* other = libgomp()) return other->get_thread_num();
  return member().number;
}

int omp_in_parallel() {
  if (const auto* other = libgomp()) return other->in_parallel();
  return hpcai::team::inside();  // true also in the pieces of this program's own kernels
}

void GOMP_barrier() {
  if (const auto* other = libgomp()) return other->barrier();
  barrier();
}

bool GOMP_single_start() {
  if (const auto* other = libgomp()) return other->single_start();
  auto& me = member();
  return !me.region || me.region->first_at_single(me.singles++);
}

bool GOMP_loop_dynamic_start(long begin, long end, long step, long chunk, long* from, long* until) {
  if (const auto* other = libgomp()) return other->loop_dynamic_start(begin, end, step, chunk, from, until);
  begin_share(begin, end, step, chunk);
  return next_piece(false, from, until);
}

bool GOMP_loop_dynamic_next(long* from, long* until) {
  if (const auto* other = libgomp()) return other->loop_dynamic_next(from, until);
  return next_piece(false, from, until);
}

bool GOMP_loop_ordered_dynamic_start(long begin, long end, long step, long chunk, long* from, long* until) {
  if (const auto* other = libgomp()) return other->loop_ordered_dynamic_start(begin, end, step, chunk, from, until);
  begin_share(begin, end, step, chunk);
  return next_piece(true, from, until);
}

bool GOMP_loop_ordered_dynamic_next(long* from, long* until) {
  if (const auto* other = libgomp()) return other->loop_ordered_dynamic_next(from, until);
  return next_piece(true, from, until);
}

void GOMP_ordered_start() {
  if (const auto* other = libgomp()) return other->ordered_start();
  if (member().piece >= 0) member().share->wait_for_turn(member().piece);
}

void GOMP_ordered_end() {
  if (const auto* other = libgomp()) other->ordered_end();
}

void GOMP_loop_end() {
  if (const auto* other = libgomp()) return other->loop_end();
  barrier();
}

void GOMP_loop_end_nowait() {
  if (const auto* other = libgomp()) other->loop_end_nowait();
}

unsigned GOMP_sections_start(unsigned count) {
  if (const auto* other = libgomp()) return other->sections_start(count);
  begin_share(1, static_cast<long>(count) + 1, 1, 1);
  return next_section();
}

unsigned GOMP_sections_next() {
  if (const auto* other = libgomp()) return other->sections_next();
  return next_section();
}

void GOMP_sections_end() {
  if (const auto* other = libgomp()) return other->sections_end();
  barrier();
}

void GOMP_sections_end_nowait() {
  if (const auto* other = libgomp()) other->sections_end_nowait();
}

}  // extern "C"

#endif
