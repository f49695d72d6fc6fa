#pragma once

#include "hpcai/config/field.h"

// What the config structs of several networks share.
namespace hpcai::models {

// The statistics that batch normalisation uses in training; batch_norm.h defines the modes.
enum class BatchNormMode { local, synchronised, frozen, none };

inline config::EnumNames<BatchNormMode> enum_names(BatchNormMode) {
  return {{BatchNormMode::local, "local"},
          {BatchNormMode::synchronised, "synchronised"},
          {BatchNormMode::frozen, "frozen"},
          {BatchNormMode::none, "none"}};
}

inline constexpr double kMostUnits = 1 << 16;  // of one layer; a larger number is refused as a mistake

}  // namespace hpcai::models
