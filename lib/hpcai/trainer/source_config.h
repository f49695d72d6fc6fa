#pragma once

#include <string>

#include "hpcai/config/field.h"
#include "hpcai/data/config.h"

namespace hpcai::trainer {

// What further data are for.
enum class SourceRole { unlabelled, training };
inline config::EnumNames<SourceRole> enum_names(SourceRole) {
  return {{SourceRole::unlabelled, "unlabelled"}, {SourceRole::training, "training"}};
}

// An entry of the section `sources`: data in addition to the section `data`, with the same classes, shape and scaling. All of
// its training samples are used.
struct SourceConfig {
  SourceRole role = SourceRole::unlabelled;
  data::DataConfig data;
  std::string labels;

  template <class Visitor>
  void describe(Visitor& visitor) {
    visitor.field("role", role,
                  {.help = "unlabelled: for a loss that needs samples without labels, whose labels are not read; training: more "
                           "training samples."});
    visitor.field("data", data, {.help = "As the section data.", .required = true});
    visitor.field("labels", labels,
                  {.help = "For role training: a CSV file with columns id and label; only the samples that it names are used, "
                           "with these labels."});
  }
};

}  // namespace hpcai::trainer
