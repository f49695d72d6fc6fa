#pragma once

#include <cstdint>

#include "hpcai/config/field.h"

namespace hpcai::data {

// How samples are read ahead: the section `loader`.
struct LoaderConfig {
  int64_t threads = 0;
  int64_t queue_batches = 4;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("threads", threads,
                  {.help = "Background threads of each rank that read and augment; 0 = half the cores, at most 8.",
                   .min = 0,
                   .max = 1024,
                   .local = true});
    visitor.field("queue_batches", queue_batches, {.help = "Batches that are read ahead.", .min = 1, .max = 1024, .local = true});
  }
};

}  // namespace hpcai::data
