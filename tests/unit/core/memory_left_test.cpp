#include "hpcai/core/memory_left.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "root_folder.h"

using namespace hpcai;

TEST_CASE("the memory that is left is the least of the machine and of the limits of cgroup v2") {
  const RootFolder root;
  CHECK(std::isinf(memory_left(root.path()).bytes));
  CHECK(memory_left(root.path()).limit.empty());
  root.write("proc/meminfo", "MemTotal:  9000 kB\nMemFree: 10 kB\nMemAvailable:   5000 kB\n");
  CHECK(memory_left(root.path()).bytes == 5000 * 1024);
  CHECK(memory_left(root.path()).limit.ends_with("proc/meminfo"));

  root.v2("/jobs/mine");
  root.write("sys/fs/cgroup/jobs/mine/memory.max", "max\n");
  root.write("sys/fs/cgroup/jobs/mine/memory.current", "70000\n");
  CHECK(memory_left(root.path()).bytes == 5000 * 1024);
  root.write("sys/fs/cgroup/jobs/memory.max", "100000\n");
  root.write("sys/fs/cgroup/jobs/memory.current", "90000\n");
  root.write("sys/fs/cgroup/jobs/memory.stat", "anon 70000\nfile 20000\nactive_file 4000\ninactive_file 6000\nshmem 1\n");
  CHECK(memory_left(root.path()).bytes == 20000);
  CHECK(memory_left(root.path()).limit.ends_with("jobs/memory.max"));
  root.write("sys/fs/cgroup/jobs/mine/memory.max", "60000\n");  // lowered below what is used
  CHECK(memory_left(root.path()).bytes == 0);
}

TEST_CASE("a limit of cgroup v1 counts the file pages of the cgroups below") {
  const RootFolder root;
  root.write("proc/meminfo", "MemAvailable: 5000000 kB\n");
  root.v1("/docker/abc", "/docker/abc", "memory");
  root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "200000\n");
  root.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "190000\n");
  root.write("sys/fs/cgroup/memory/memory.stat",
             "inactive_file 1\nactive_file 1\ntotal_inactive_file 30000\ntotal_active_file 500\n");
  CHECK(memory_left(root.path()).bytes == 40500);
  root.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(memory_left(root.path()).bytes == 5000000.0 * 1024);
}

TEST_CASE("this process has memory left") { CHECK(memory_left().bytes > 1e6); }
