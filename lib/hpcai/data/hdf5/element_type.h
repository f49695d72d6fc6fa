#pragma once

namespace hpcai::data {

// What one value of a data set is, as far as readers tell values apart. Enumerations, also h5py's bool, are other_integer;
// floats of any other width than 32 and 64 bits are other_float.
enum class ElementType { uint8, other_integer, float32, float64, other_float };

}  // namespace hpcai::data
