#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hpcai/search/search_folder.h"

// A search whose trials another program proposes or trains.
namespace hpcai::search {

// Hands out `count` new trials with the sampler's parameters. Returns an array with an object for each: number, parameters, set
// (the words for --set), run_dir, and command (without the program's name), which trains it. They are in the journal before this
// returns, and `search` trains those that nobody has trained. Throws Error{usage} beyond the end of a grid.
nlohmann::ordered_json ask(SearchFolder& folder, int64_t count);

// The same for parameters from outside: a JSON object {key: value} or an array of objects. Throws Error{usage} that names the
// trial and the key if one does not name exactly the parameters of the space, or a value is out of its range.
nlohmann::ordered_json ask_given(SearchFolder& folder, const std::string& parameters);

// Records values: a JSON object or an array of objects {"number", "value"} or {"number", "failed": reason}. `name` names the text
// in messages. A value that is told again is accepted if it is the same. Returns the number of new values. Throws Error{usage},
// and then records nothing, for an unknown trial, another value than the one on record, a value that is not finite, and for a
// search with early stop, which needs the values at each rung.
int64_t tell(SearchFolder& folder, const std::string& values, const std::string& name);

}  // namespace hpcai::search
