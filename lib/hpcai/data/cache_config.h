#pragma once

#include <cstdint>
#include <string_view>

#include "hpcai/config/field.h"

namespace hpcai::data {

// The base of the configs of sources that can keep their samples in memory: what cached() takes.
struct CacheConfig {
  explicit CacheConfig(int64_t default_mb) : cache_mb(default_mb) {}

  int64_t cache_mb;

  void disable_cache() { cache_mb = 0; }

 protected:
  template <class Visitor>
  void describe_cache(Visitor& visitor, std::string_view help) {
    visitor.field("cache_mb", cache_mb, {.help = help, .unit = "MB", .min = 0, .local = true});
  }
};

}  // namespace hpcai::data
