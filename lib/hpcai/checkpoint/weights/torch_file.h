#pragma once

#include <filesystem>
#include <string_view>

#include "hpcai/core/named_tensors.h"

namespace hpcai::checkpoint {

// Reads the tensors of a file that torch.save(state_dict, path) has written: the zip container of PyTorch 1.6 and later, or the
// one that it wrote before. The tensors are on the CPU, in the order of the file, and may be views of one another. Only a dict
// of tensors is read, also one within another dict, see find_state_dict(). Nothing of the file is executed: pickle.h interprets
// its pickle as data. The tensors need no more memory than the file is long; records that are compressed to less are refused.
//
// Throws Error{missing_input} if the file cannot be read. Throws Error{bad_data} with file, reason and place if it is damaged, if
// its pickle holds something else than data of a state dict, or if it holds no dict of tensors or several.
NamedTensors read_torch_zip(const std::filesystem::path& path);
NamedTensors read_torch_legacy(const std::filesystem::path& path);

// Whether a file that begins with these bytes, at least 20 if it has as many, is one of read_torch_legacy().
bool is_torch_legacy(std::string_view start);

}  // namespace hpcai::checkpoint
