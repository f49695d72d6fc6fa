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

// manifest.json of a checkpoint: its origin, and the size and hash of each of its files.
struct Manifest {
  int64_t step = 0;
  Origin origin{};
  std::string program_version{};
  std::optional<bool> best{};  // whether it was the best so far; absent in versions before 0.2
  std::map<std::string, FileRecord> files{};
};

// Returns the text of the file. It ends with the SHA-256 of the text before, which reveals damage to the manifest itself.
std::string to_text(const Manifest& manifest);

// Reads and checks the manifest of a checkpoint's folder. Throws Error{bad_data} that names the file and the reason.
Manifest read_manifest(const std::filesystem::path& folder);

// Compares size and SHA-256 of every file with the manifest. Throws Error{bad_data} that names the first file that differs.
void verify_files(const std::filesystem::path& folder, const Manifest& manifest);

// Calls both functions and returns the manifest.
Manifest verify(const std::filesystem::path& folder);

}  // namespace hpcai::checkpoint
