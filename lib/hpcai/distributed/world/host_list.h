#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hpcai::distributed {

// Returns the hosts of a Slurm host list, in the order of the list: "n[08-10,12],login,r[1-2]c[0-1]-ib" gives n08 n09 n10 n12
// login r1c0-ib r1c1-ib r2c0-ib r2c1-ib. Throws Error{usage} for any other text and for more than a million hosts.
std::vector<std::string> expand_host_list(std::string_view text);

}  // namespace hpcai::distributed
