#pragma once

#include <optional>

#include "hpcai/config/description.h"
#include "hpcai/config/document.h"

namespace hpcai::config {

// The elements of a list of variants may be written short, with the type as the key, if their struct says so (see field.h for
// structs that derive from a variant):
//
//   struct Layer : std::variant<Relu, Dense, Residual> {
//     using variant::variant;
//     static constexpr bool kNamesAsKeys = true;
//     std::string read_from;  // optional, no key: where the element was read, "file.yaml:12"; empty if it was not read
//   };
//   struct Dense { static constexpr std::string_view kMainKey = "units"; ... };
//
// Then `- relu` means {type: relu}, `- dense: {units: 8}` means {type: dense, units: 8}, and so does `- dense: 8`, because
// `units` is the main key of `dense`. to_yaml() writes the long form.

// Returns the section of such a variant in its long form:
//
//   relu                      {type: relu}
//   conv: {channels: 8}       {type: conv, channels: 8}
//   dropout: 0.5              {type: dropout, rate: 0.5}, where `rate` is the main key of `dropout`
//   {conv: , channels: 8}     {type: conv, channels: 8}, which a section is whose settings are not indented below its name
//
// A name that the variant does not know becomes the type, too, so that the reader reports it as a type. Returns nothing for
// another type, and for a node that is not in the short form.
std::optional<Node> long_form(const Type& type, const Node& node);

}  // namespace hpcai::config
