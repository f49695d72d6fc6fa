#pragma once

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cstdint>
#include <new>

namespace hpcai::kernels::image_products {

// Memory of values that are not initialised, aligned for tiles.
template <class T>
using Room = hwy::AlignedFreeUniquePtr<T[]>;

template <class T>
Room<T> room(int64_t count) {
  Room<T> memory = hwy::AllocateAligned<T>(static_cast<size_t>(std::max<int64_t>(count, 1)));
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace hpcai::kernels::image_products
