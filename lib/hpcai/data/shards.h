#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

// Data sets in several files, "shards": train-00000-of-00352.h5 to train-00351-of-00352.h5, with the rows in this order.
namespace hpcai::data {

inline constexpr int64_t kMostShards = 99999;

// The path of shard `index` of `count` for the output `path`, train.h5. The only shard of a set has `path` itself.
std::filesystem::path shard_path(const std::filesystem::path& path, int64_t index, int64_t count);

// The numbers of shards, other than `count`, in which sets of the name `path` lie in its folder.
std::vector<int64_t> other_shard_counts(const std::filesystem::path& path, int64_t count);

// Throws Error{missing_input} if one of the files is a shard and another shard of its set is not among them. Names of data
// (FILE:GROUP) are allowed.
void refuse_missing_shards(const std::vector<std::string>& names);

}  // namespace hpcai::data
