#pragma once

#include <string>

#include "hpcai/search/result.h"

namespace hpcai::search {

// The figure of a search as SVG: the value against each parameter, and the importance of the parameters. Needs Result::best.
std::string figure_of(const Search& search, const Result& result);

}  // namespace hpcai::search
