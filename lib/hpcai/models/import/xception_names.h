#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hpcai::models {

// The number of the last block of an Xception with tensors of these names: 14 for the published size.
int64_t last_xception_block(const std::vector<std::string>& names);

// Returns timm's name (legacy_xception) of a tensor of our Xception: "block1_conv1.weight" -> "conv1.weight",
// "block2_sepconv1.depthwise.weight" -> "block1.rep.0.conv1.weight", "block14_sepconv2_bn.bias" -> "bn4.bias". timm counts
// residual blocks from 1, so its block n is ours n + 1. Within one, rep counts relu, convolution, batch norm; the first block
// begins without relu. Tensors of our head, for which timm has no name, keep theirs. `last_block`: see last_xception_block().
std::string timm_xception_name(const std::string& name, int64_t last_block);

}  // namespace hpcai::models
