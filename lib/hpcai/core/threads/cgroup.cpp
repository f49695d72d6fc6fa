#include "hpcai/core/threads/cgroup.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

#include "hpcai/core/text.h"

namespace hpcai {
namespace {

namespace fs = std::filesystem;

// Whether a comma-separated list contains a word.
bool lists(const std::string& list, std::string_view word) {
  const auto words = split(list, ',');
  return std::find(words.begin(), words.end(), word) != words.end();
}

struct Mount {
  std::string root;  // path of the mounted cgroup in its hierarchy
  std::string point;
};

// Finds the mount of a hierarchy: cgroup v2, or the one of v1 with the controller. See proc_pid_mountinfo(5).
std::optional<Mount> mount_of(std::string_view controller, bool v2, const fs::path& root) {
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream front(line.substr(0, dash)), back(line.substr(dash + 3));
    std::string skipped, type, options;
    Mount mount;
    front >> skipped >> skipped >> skipped >> mount.root >> mount.point;
    back >> type >> skipped >> options;
    if (v2 ? type == "cgroup2" : type == "cgroup" && lists(options, controller)) {
      return Mount{decoded_mount(mount.root), decoded_mount(mount.point)};
    }
  }
  return std::nullopt;
}

// Returns this process's cgroup. The lines are "number:controllers:path"; that of v2 has no controllers.
std::optional<std::string> cgroup_of(std::string_view controller, bool v2, const fs::path& root) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (v2 ? controllers.empty() : lists(controllers, controller)) return line.substr(second + 1);
  }
  return std::nullopt;
}

void add_folders(std::string_view controller, bool v2, const fs::path& root, std::vector<fs::path>& folders) {
  const auto mount = mount_of(controller, v2, root);
  const auto cgroup = cgroup_of(controller, v2, root);
  if (!mount || !cgroup) return;
  const fs::path top = root / fs::path(mount->point).relative_path();
  // A container sees its own cgroup at the mount point, whatever the path is.
  std::string below = *cgroup;
  if (mount->root != "/") below = below.starts_with(mount->root) ? below.substr(mount->root.size()) : "";
  std::error_code code;
  fs::path folder = (top / fs::path(below).relative_path()).lexically_normal();
  if (below.find("..") != std::string::npos || !fs::is_directory(folder, code)) folder = top;
  for (const fs::path end = top.parent_path(); folder != end && folder.has_relative_path(); folder = folder.parent_path()) {
    if (folder.has_filename()) folders.push_back(folder);  // a path with a slash at the end has an empty name
  }
}

}  // namespace

std::vector<fs::path> cgroup_folders(std::string_view controller, const fs::path& root) {
  std::vector<fs::path> folders;
  for (const bool v2 : {false, true}) add_folders(controller, v2, root, folders);
  return folders;
}

std::string decoded_mount(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool octal = text[i] == '\\' && i + 3 < text.size() && text.find_first_not_of("01234567", i + 1) > i + 3;
    result += octal ? static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8)) : text[i];
    if (octal) i += 3;
  }
  return result;
}

std::string first_line_of(const fs::path& file) {
  std::string line;
  std::ifstream stream(file);
  std::getline(stream, line);
  return line;
}

}  // namespace hpcai
