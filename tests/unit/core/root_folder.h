#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "folder.h"

namespace hpcai {

// A folder that stands for "/", with the files that tell of cgroups.
class RootFolder {
 public:
  const std::filesystem::path& path() const { return folder_.path; }

  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((path() / file).parent_path());
    std::ofstream(path() / file) << text;
  }
  // This process is in `cgroup` of a controller of v1, of whose hierarchy the part `mounted` is to be seen.
  void v1(const std::string& cgroup, const std::string& mounted, const std::string& controller) const {
    write("proc/self/cgroup", "5:cpuset:/\n3:other," + controller + ":" + cgroup + "\n");
    write("proc/self/mountinfo", "28 22 0:26 / /sys rw - sysfs sysfs rw\n30 28 0:27 " + mounted + " /sys/fs/cgroup/" +
                                     controller + " rw,nosuid shared:9 - cgroup cgroup rw,other," + controller + "\n");
  }
  void v2(const std::string& cgroup) const {
    write("proc/self/cgroup", "0::" + cgroup + "\n");
    write("proc/self/mountinfo", "30 28 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n");
  }

 private:
  Folder folder_;
};

}  // namespace hpcai
