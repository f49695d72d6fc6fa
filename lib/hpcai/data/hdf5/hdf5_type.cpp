#include "hpcai/data/hdf5/hdf5_type.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "hpcai/core/text.h"

namespace hpcai::data {
namespace {

// Of a compound or an enumeration.
std::vector<std::string> member_names(const H5::DataType& type) {
  std::vector<std::string> names;
  const int count = H5Tget_nmembers(type.getId());
  for (int i = 0; i < count && i < 8; ++i) {
    char* name = H5Tget_member_name(type.getId(), static_cast<unsigned>(i));
    names.push_back(printable(name != nullptr ? name : ""));
    H5free_memory(name);
  }
  return names;
}

}  // namespace

std::string type_name(const H5::DataType& type) {
  const size_t bits = 8 * type.getSize();
  switch (type.getClass()) {
    case H5T_INTEGER: return fmt::format("{}int{}", H5Tget_sign(type.getId()) == H5T_SGN_NONE ? "u" : "", bits);
    case H5T_FLOAT: return fmt::format("float{}", H5Tget_precision(type.getId()));
    case H5T_STRING: return "text";
    case H5T_ENUM: return member_names(type) == std::vector<std::string>{"FALSE", "TRUE"} ? "bool" : "an enumeration";
    case H5T_COMPOUND: {
      const auto names = member_names(type);
      if (names == std::vector<std::string>{"r", "i"}) return "complex numbers (a compound of r and i)";
      return fmt::format("a compound of {}", fmt::join(names, ", "));
    }
    case H5T_BITFIELD: return "bit fields";
    case H5T_OPAQUE: return "opaque bytes";
    case H5T_REFERENCE: return "references";
    case H5T_VLEN: return "lists of varying length";
    case H5T_ARRAY: return "arrays";
    default: return "of a type that is no number";
  }
}

std::optional<ElementType> element_type(const H5::DataSet& data_set) {
  const H5T_class_t type_class = data_set.getTypeClass();
  const size_t size = data_set.getDataType().getSize();
  if (type_class == H5T_FLOAT) {
    return size == 4 ? ElementType::float32 : size == 8 ? ElementType::float64 : ElementType::other_float;
  }
  if (type_class == H5T_ENUM) return ElementType::other_integer;
  if (type_class != H5T_INTEGER) return std::nullopt;
  const bool is_signed = data_set.getIntType().getSign() != H5T_SGN_NONE;
  return size == 1 && !is_signed ? ElementType::uint8 : ElementType::other_integer;
}

std::optional<ElementType> complex_element_type(const H5::DataSet& data_set) {
  if (data_set.getTypeClass() != H5T_COMPOUND) return std::nullopt;
  const H5::CompType type = data_set.getCompType();
  if (type.getNmembers() != 2 || type.getMemberName(0) != "r" || type.getMemberName(1) != "i") return std::nullopt;
  if (type.getMemberClass(0) != H5T_FLOAT || type.getMemberClass(1) != H5T_FLOAT) return std::nullopt;
  return ElementType::other_float;
}

}  // namespace hpcai::data
