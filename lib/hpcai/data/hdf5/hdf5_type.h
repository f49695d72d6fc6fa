#pragma once

#include <H5Cpp.h>

#include <optional>
#include <string>

#include "hpcai/data/hdf5/element_type.h"

namespace hpcai::data {

// The user's name of a type in a file: "uint16", "float16", "text", "bool", "complex numbers". Call it under Hdf5Lock.
std::string type_name(const H5::DataType& type);

// Nothing if the values are not numbers. Call it under Hdf5Lock.
std::optional<ElementType> element_type(const H5::DataSet& data_set);

// other_float for complex numbers: compounds of two floats r and i. Nothing for other values. Call it under Hdf5Lock.
std::optional<ElementType> complex_element_type(const H5::DataSet& data_set);

}  // namespace hpcai::data
