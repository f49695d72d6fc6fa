#include "hpcai/core/piece_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/sha256.h"
#include "hpcai/core/text.h"

namespace hpcai {
namespace {

namespace fs = std::filesystem;

// A file of pieces: a line {"identity": ...}, then for each piece a line with number, bytes and digest, its bytes, a line end.
constexpr const char *kLockFile = "lock", *kEnding = ".pieces", *kIdentity = "identity";
constexpr size_t kLargestPiece = size_t{1} << 40;  // bytes

// The number of a file of pieces; nothing for another name.
std::optional<int64_t> number_of(const fs::path& path) {
  if (path.extension() != kEnding) return std::nullopt;
  return parse_number<int64_t>(path.stem().native());
}

// The identity in the first line of a file of pieces. Nothing if a kill has cut the line off.
nlohmann::json identity_in(std::istream& file) {
  std::string line;
  if (!std::getline(file, line) || file.eof()) return nullptr;
  const auto head = try_parse_json(line);
  return head.is_object() ? head.value(kIdentity, nlohmann::json()) : nlohmann::json();
}

// The keys whose values differ.
std::vector<std::string> differences(const nlohmann::json& a, const nlohmann::json& b) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : a.items()) {
    if (!b.is_object() || b.value(key, nlohmann::json()) != value) keys.push_back(key);
  }
  return keys;
}

// It covers the number too, so that no damage makes one piece another.
std::string digest_of(int64_t piece, std::string_view bytes) {
  Sha256 hash;
  hash.update(fmt::format("{}\n", piece));
  hash.update(bytes);
  return hash.hex();
}

std::string read_bytes(std::istream& file, int64_t offset, int64_t count) {
  std::string bytes(static_cast<size_t>(count), '\0');
  file.clear();
  file.seekg(offset);
  file.read(bytes.data(), count);
  bytes.resize(static_cast<size_t>(std::max<std::streamsize>(0, file.gcount())));
  return bytes;
}

}  // namespace

PieceFolder::PieceFolder(fs::path folder, nlohmann::json identity) : folder_(std::move(folder)), identity_(std::move(identity)) {}
PieceFolder::~PieceFolder() = default;

std::vector<std::string> PieceFolder::begin() {
  make_folder(folder_);
  const auto entries = list_folder(folder_, ExitCode::cannot_write);
  for (const fs::path& entry : entries) {
    const std::string name = entry.filename().string();
    if (number_of(entry) || name == kLockFile || name.starts_with(std::string(kLockFile) + ".")) continue;
    throw Error(ExitCode::usage, fmt::format("{} is there and holds something else: {}", printable(folder_), printable(name)),
                "Choose another --out, or rename that folder.");
  }
  try {
    lock_ = std::make_unique<LockFile>(folder_ / kLockFile);
  } catch (const LockFile::Held&) {
    throw Error(ExitCode::cannot_write, fmt::format("another process works on {}", printable(folder_)),
                "Wait for that process, or choose another --out.");
  } catch (const std::system_error& error) {
    fail_to_write("write in", folder_, error.code().value());
  }
  std::vector<std::string> others;
  for (const fs::path& entry : entries) {
    if (!number_of(entry)) continue;
    std::ifstream file(entry, std::ios::binary);
    const auto identity = identity_in(file);
    if (identity == identity_) continue;
    if (!identity.is_null() && others.empty()) others = differences(identity_, identity);
    remove_tree(entry);
  }
  return others;
}

void PieceFolder::find_in(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (identity_in(file) != identity_) return;
  int64_t at = file.tellg();
  while (true) {
    const std::string start = read_bytes(file, at, 128);
    const std::string_view line = first_line(start);
    const auto words = split(line, ' ');
    if (line.size() == start.size() || words.size() != 3) return;
    const auto number = parse_number<int64_t>(words[0]), bytes = parse_number<int64_t>(words[1]);
    if (!number || !bytes || *bytes < 0) return;
    const Place place{path, at + static_cast<int64_t>(line.size()) + 1, *bytes, std::string(words[2])};
    std::error_code error;
    const auto file_bytes = fs::file_size(path, error);
    if (error || static_cast<uint64_t>(place.offset) + static_cast<uint64_t>(place.bytes) >= file_bytes) return;
    if (digest_of(*number, read_bytes(file, place.offset, place.bytes)) != place.digest) return;
    places_.emplace(*number, place);
    at = place.offset + place.bytes + 1;
  }
}

std::vector<int64_t> PieceFolder::find() {
  places_.clear();
  free_file_ = 0;
  for (const fs::path& entry : list_folder(folder_)) {
    const auto number = number_of(entry);
    if (!number) continue;
    free_file_ = std::max(free_file_, *number + 1);
    find_in(entry);
  }
  std::vector<int64_t> numbers;
  for (const auto& [number, place] : places_) numbers.push_back(number);
  return numbers;
}

std::string PieceFolder::read(int64_t piece) const {
  const auto found = places_.find(piece);
  if (found == places_.end()) {
    throw Error(ExitCode::missing_input, fmt::format("{} lacks piece {} of the result", printable(folder_), piece),
                "All ranks must see the folder of --out: choose one on a file system that their hosts share.");
  }
  const Place& place = found->second;
  std::ifstream file(place.file, std::ios::binary);
  std::string bytes = read_bytes(file, place.offset, place.bytes);
  if (digest_of(piece, bytes) == place.digest) return bytes;
  throw Error(ExitCode::bad_data, fmt::format("{} has changed while it was used", printable(place.file)),
              "Give the same command again.");
}

void PieceFolder::open_file(int64_t number) {
  if (!is_folder(folder_, ExitCode::cannot_write)) {
    throw Error(ExitCode::cannot_write, fmt::format("{}, which rank 0 has made, is not there", printable(folder_)),
                "All ranks must see the folder of --out: choose one on a file system that their hosts share.");
  }
  const fs::path path = folder_ / fmt::format("{}{}", number, kEnding);
  file_ = std::make_unique<AppendFile>(path, kLargestPiece);
  if (const int error = file_->append(json_text(nlohmann::json{{kIdentity, identity_}}) + "\n"); error != 0) {
    fail_to_write("write", path, error);
  }
}

void PieceFolder::add(int64_t piece, std::string_view bytes) {
  std::string record = fmt::format("{} {} {}\n", piece, bytes.size(), digest_of(piece, bytes));
  record.append(bytes).append(1, '\n');
  if (const int error = file_->append(record); error != 0) fail_to_write("write", file_->path(), error);
}

void PieceFolder::remove() {
  file_.reset();
  lock_.reset();
  remove_tree(folder_);
}

}  // namespace hpcai
