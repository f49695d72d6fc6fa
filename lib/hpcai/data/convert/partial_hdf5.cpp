#include "hpcai/data/convert/partial_hdf5.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "hpcai/core/error.h"
#include "hpcai/core/file.h"
#include "hpcai/core/json.h"
#include "hpcai/core/paths.h"
#include "hpcai/core/room.h"
#include "hpcai/core/text.h"

namespace hpcai::data {
namespace {

constexpr size_t kRecordedAtOnce = 16;
constexpr const char* kMoreRoom = "Free some space, choose another place with --out, or a smaller data.image_size.";

std::filesystem::path with_ending(std::filesystem::path path, const char* ending) { return path += ending; }

}  // namespace

PartialHdf5::PartialHdf5(const std::filesystem::path& path, const std::vector<NewArray>& arrays,
                         const std::vector<NamedAttribute>& attributes, const std::string& identity, int64_t pieces, bool resume)
    : path_(path),
      partial_(with_ending(path, ".partial")),
      log_path_(with_ending(path, ".partial.log")),
      done_(static_cast<size_t>(pieces), 0) {
  if (!resume || !take_up(identity)) begin(arrays, attributes, identity);
  descriptor_ = ::open(partial_.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor_ < 0) fail_to_write("open", partial_, errno);
  const double left = 1 - static_cast<double>(count_done()) / static_cast<double>(std::max<int64_t>(1, pieces));
  require_room(path_, partial_, left * hdf5_file_bytes(arrays), kMoreRoom);
  log_ = std::make_unique<AppendFile>(log_path_);
}

PartialHdf5::~PartialHdf5() {
  if (descriptor_ >= 0) close(descriptor_);
}

// The log's first line tells what the file is to be and where its arrays lie; then come the numbers of pieces. A line that a kill
// has cut off does not count.
bool PartialHdf5::take_up(const std::string& identity) {
  if (!path_exists(partial_, ExitCode::cannot_write) || !path_exists(log_path_, ExitCode::cannot_write)) return false;
  const std::string text = read_file(log_path_);
  std::vector<std::string_view> lines = split(text, '\n');
  lines.pop_back();
  if (lines.empty()) return false;
  const nlohmann::json head = try_parse_json(lines[0]);
  if (!head.is_object() || !head.contains("places") || !head["places"].is_array()) return false;
  if (head.value("identity", "") != identity) {
    throw Error(ExitCode::cannot_resume, fmt::format("{} was begun with other settings or other data", printable(partial_)),
                "Give the settings that it was begun with, leave --resume out, or choose another --out.");
  }
  for (const auto& place : head["places"])
    places_.push_back({place.value("offset", int64_t{0}), place.value("row_bytes", int64_t{0})});
  for (size_t i = 1; i < lines.size(); ++i) {
    const auto piece = parse_number<size_t>(lines[i]);
    if (piece && *piece < done_.size()) done_[*piece] = 1;
  }
  return true;
}

void PartialHdf5::begin(const std::vector<NewArray>& arrays, const std::vector<NamedAttribute>& attributes,
                        const std::string& identity) {
  remove_tree(log_path_);
  Hdf5Writer writer(partial_, arrays, attributes);
  places_ = writer.places();
  nlohmann::json head = {{"identity", identity}, {"places", nlohmann::json::array()}};
  for (const auto& place : places_) head["places"].push_back({{"offset", place.offset}, {"row_bytes", place.row_bytes}});
  writer.finish();
  write_file(log_path_, json_text(head) + "\n");
}

int64_t PartialHdf5::count_done() const { return std::count(done_.begin(), done_.end(), 1); }

void PartialHdf5::write_row(size_t array, int64_t row, const void* values) {
  const auto [first, bytes] = places_.at(array);
  const auto* next = static_cast<const char*>(values);
  for (int64_t written = 0; written < bytes;) {
    const ssize_t count =
        pwrite(descriptor_, next + written, static_cast<size_t>(bytes - written), first + row * bytes + written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail_to_write("write", partial_, count < 0 ? errno : EIO);
    written += count;
  }
}

void PartialHdf5::mark_done(int64_t piece) {
  const std::lock_guard lock(mutex_);
  unrecorded_.push_back(piece);
  if (unrecorded_.size() >= kRecordedAtOnce) record();
}

// The rows are made durable before the log says that they are.
void PartialHdf5::record() {
  if (fdatasync(descriptor_) != 0 && errno != EINVAL) fail_to_write("write", partial_, errno);
  std::string lines;
  for (const int64_t piece : unrecorded_) {
    lines += fmt::format("{}\n", piece);
    done_[static_cast<size_t>(piece)] = 1;
  }
  unrecorded_.clear();
  if (const int error = log_->append(lines); error != 0) fail_to_write("write", log_path_, error);
}

void PartialHdf5::finish() {
  record();
  if (const int error = sync_descriptor(descriptor_, partial_); error != 0) fail_to_write("write", partial_, error);
  rename_path(partial_, path_);
  log_.reset();
  remove_tree(log_path_);
  sync_folder(path_.has_parent_path() ? path_.parent_path() : std::filesystem::path("."));
}

}  // namespace hpcai::data
