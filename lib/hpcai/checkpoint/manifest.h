#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "hpcai/checkpoint/checkpoints.h"

namespace hpcai::checkpoint {

inline constexpr const char* kManifestName = "manifest.json";
inline constexpr const char* kModelName = "model.safetensors";
inline constexpr const char* kOptimizerName = "optimizer.safetensors";
inline constexpr const char* kStateName = "state.json";

struct FileRecord {
  uint64_t size = 0;
  std::string sha256;
};

// manifest.json of one checkpoint: what it is and what its files must be.
struct Manifest {
  int64_t step = 0;
  Origin origin{};
  std::string program_version{};
  std::optional<bool> best{};  // whether it was the best so far; versions before 0.2 did not say
  std::map<std::string, FileRecord> files{};
};

// The file's text. It ends with the SHA-256 of all before, so that damage to the manifest itself is seen.
std::string to_text(const Manifest& manifest);

// Reads and checks a checkpoint folder's manifest. Throws Error{bad_data} naming the file and the reason.
Manifest read_manifest(const std::filesystem::path& folder);

// Compares size and SHA-256 of every file with the manifest. Throws Error{bad_data} naming the first that differs.
void verify_files(const std::filesystem::path& folder, const Manifest& manifest);

// Both of these.
Manifest verify(const std::filesystem::path& folder);

}  // namespace hpcai::checkpoint
