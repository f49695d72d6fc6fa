#pragma once

#include "hpcai/config/description.h"

namespace sample {

// Whether `value` obeys a JSON Schema: draft-07 as far as make_schema() uses it; throws std::logic_error for other keywords
// and for a reference to nothing.
bool obeys(const hpcai::config::Json& schema, const hpcai::config::Json& value);

}  // namespace sample
