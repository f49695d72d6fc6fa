#include "hpcai/checkpoint/manifest.h"

#include <fmt/format.h>

#include <cerrno>
#include <stdexcept>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"

namespace hpcai::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr int kSchema = 1;
constexpr size_t kMaxManifest = 1 << 20;
constexpr std::string_view kSeal = ",\n \"manifest_sha256\": \"";
constexpr std::string_view kEnd = "\"\n}\n";

[[noreturn]] void fail(const fs::path& file, const std::string& why) {
  throw Error(ExitCode::bad_data, fmt::format("{}: {}", printable(file), why));
}

// The file is there, or may be, but the system does not let this program look at it.
[[noreturn]] void fail_reading(const fs::path& file, const std::error_code& reason) {
  throw Error(ExitCode::missing_input, fmt::format("cannot read {}: {}", printable(file), reason.message()),
              "Check the permissions on it.");
}

// Returns the JSON object without its closing brace; the hash is appended to it.
std::string body_of(const Manifest& manifest) {
  nlohmann::json files = nlohmann::json::object();
  for (const auto& [name, record] : manifest.files) files[name] = {{"size", record.size}, {"sha256", record.sha256}};
  const nlohmann::ordered_json json = {{"schema", kSchema},
                                       {"step", manifest.step},
                                       {"files", files},
                                       {"config_digest", manifest.origin.config_digest},
                                       {"world_size", manifest.origin.world_size},
                                       {"program_version", manifest.program_version},
                                       {"best", manifest.best.value_or(false)}};
  std::string text = json_text(json, 1);
  text.resize(text.size() - std::string_view("\n}").size());
  return text;
}

std::string unsealed(const fs::path& file, const std::string& text) {
  const size_t seal = text.rfind(kSeal);
  if (seal == std::string::npos) fail(file, "is not a complete manifest");
  const std::string body = text.substr(0, seal);
  if (text != body + std::string(kSeal) + sha256(body) + std::string(kEnd)) {
    fail(file, "has changed since it was written (SHA-256 differs)");
  }
  return body + "\n}";
}

Manifest parse(const nlohmann::json& json) {
  Manifest manifest;
  manifest.step = json.at("step").get<int64_t>();
  manifest.origin = {json.at("config_digest").get<std::string>(), json.at("world_size").get<int>()};
  manifest.program_version = json.at("program_version").get<std::string>();
  if (json.contains("best")) manifest.best = json.at("best").get<bool>();
  if (manifest.step < 0 || manifest.origin.world_size < 1) throw std::out_of_range("a count is negative");
  for (const char* name : {kModelName, kOptimizerName, kStateName}) {
    const auto& record = json.at("files").at(name);
    manifest.files[name] = {record.at("size").get<uint64_t>(), record.at("sha256").get<std::string>()};
  }
  return manifest;
}

}  // namespace

std::string to_text(const Manifest& manifest) {
  const std::string body = body_of(manifest);
  return body + std::string(kSeal) + sha256(body) + std::string(kEnd);
}

Manifest read_manifest(const fs::path& folder) {
  const fs::path file = folder / kManifestName;
  std::error_code code;
  const auto status = fs::status(file, code);
  if (!fs::exists(status)) {
    if (code && code.value() != ENOENT && code.value() != ENOTDIR) fail_reading(file, code);
    fail(file, "is missing");
  }
  if (!fs::is_regular_file(status)) fail(file, "is not a file");
  const std::string text = unsealed(file, read_file(file, kMaxManifest));
  try {
    const auto json = parse_json(text);
    if (json.at("schema") != kSchema)
      fail(file, fmt::format("has schema {}, this program reads {}", json_text(json.at("schema")), kSchema));
    return parse(json);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& e) {
    fail(file, fmt::format("is not a manifest of this program ({})", e.what()));
  }
}

void verify_files(const fs::path& folder, const Manifest& manifest) {
  for (const auto& [name, record] : manifest.files) {
    const fs::path file = folder / name;
    std::error_code code;
    const auto size = fs::file_size(file, code);
    if (code == std::errc::no_such_file_or_directory) fail(file, "is missing");
    if (code == std::errc::is_a_directory || code == std::errc::not_supported) fail(file, "is not a file");
    if (code) fail_reading(file, code);
    if (size != record.size) fail(file, fmt::format("has {} bytes instead of {}", size, record.size));
    if (sha256_of_file(file.string()) != record.sha256) fail(file, "has changed since it was written (SHA-256 differs)");
  }
}

Manifest verify(const fs::path& folder) {
  const Manifest manifest = read_manifest(folder);
  verify_files(folder, manifest);
  return manifest;
}

}  // namespace hpcai::checkpoint
