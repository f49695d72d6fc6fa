#pragma once

#include "hpcai/config/description.h"
#include "hpcai/config/document.h"
#include "hpcai/config/problems.h"

namespace hpcai::config {

// The layer `upper` as it was read, over `lower`, which this function has returned or which is empty. `upper` wins, key by key; a
// list wins as a whole, single elements of a list only over their own. Keys and types under their former names get those that
// they have now. `root` describes the whole. Sections in the short form get the long one. Adds to `problems` each element that
// the list below does not have.
Node merged(const Type& root, Node lower, const Node& upper, Problems& problems);

// Two overrides as one, for merged(). The later one wins where both give the same.
Node joined(Node earlier, const Node& later, Problems& problems);

}  // namespace hpcai::config
