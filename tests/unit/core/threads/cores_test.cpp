#include "hpcai/core/threads/cores.h"

#include <sched.h>

#include <catch2/catch.hpp>

#include "../root_folder.h"

using namespace hpcai;

TEST_CASE("a quota of cgroup v2 is found, the least of the hierarchy") {
  const RootFolder root;
  root.v2("/jobs/mine");
  root.write("sys/fs/cgroup/jobs/mine/cpu.max", "max 100000\n");
  CHECK_FALSE(cpu_quota(root.path()));
  root.write("sys/fs/cgroup/jobs/cpu.max", "150000 100000\n");
  CHECK(cpu_quota(root.path())->cores == Approx(1.5));
  CHECK(cpu_quota(root.path())->file.ends_with("sys/fs/cgroup/jobs/cpu.max"));
  root.write("sys/fs/cgroup/jobs/mine/cpu.max", "20000 40000\n");
  CHECK(cpu_quota(root.path())->cores == Approx(0.5));
}

TEST_CASE("a quota of cgroup v1 is found, also from inside a container") {
  const RootFolder root;
  root.v1("/docker/abc", "/", "cpu");
  root.write("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us", "300000\n");
  root.write("sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us", "100000\n");
  CHECK(cpu_quota(root.path())->cores == Approx(3));

  const RootFolder inside;
  inside.v1("/docker/abc", "/docker/abc", "cpu");
  inside.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");
  inside.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "50000\n");
  CHECK(cpu_quota(inside.path())->cores == Approx(2));
  inside.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  CHECK_FALSE(cpu_quota(inside.path()));
}

TEST_CASE("files that say nothing are no limit") {
  const RootFolder root;
  CHECK_FALSE(cpu_quota(root.path()));
  root.v2("/gone/elsewhere");
  CHECK_FALSE(cpu_quota(root.path()));
  for (const std::string text : {"", "max", "nonsense 100000", "100000", "0 100000", "100000 0", "-5 100000"}) {
    INFO(text);
    root.write("sys/fs/cgroup/cpu.max", text);
    CHECK_FALSE(cpu_quota(root.path()));
  }
  root.write("sys/fs/cgroup/cpu.max", "250000 100000");  // a cgroup that this process does not see counts as the mount's root
  CHECK(cpu_quota(root.path())->cores == Approx(2.5));
}

TEST_CASE("a mount point with blanks and a path with dots are read") {
  const RootFolder root;
  root.write("proc/self/cgroup", "0::/../../x\n");
  root.write("proc/self/mountinfo", "30 28 0:27 / /my\\040groups rw - cgroup2 none rw\n");
  root.write("my groups/cpu.max", "100000 100000\n");
  CHECK(cpu_quota(root.path())->cores == Approx(1));
}

TEST_CASE("usable cores are the mask or the quota rounded up") {
  CHECK(CoreLimits{.machine = 8, .mask = 4}.usable() == 4);
  CHECK(CoreLimits{.machine = 8, .mask = 4, .quota = CpuQuota{1.5, ""}}.usable() == 2);
  CHECK(CoreLimits{.machine = 8, .mask = 4, .quota = CpuQuota{0.1, ""}}.usable() == 1);
  CHECK(CoreLimits{.machine = 8, .mask = 4, .quota = CpuQuota{3, ""}}.usable() == 3);
  CHECK(CoreLimits{.machine = 8, .mask = 4, .quota = CpuQuota{64, ""}}.usable() == 4);
}

TEST_CASE("the affinity mask and the machine's cores are read") {
  cpu_set_t before, one;
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  CHECK(core_limits().mask == CPU_COUNT(&before));
  CPU_ZERO(&one);
  for (int core = 0; CPU_COUNT(&one) == 0; ++core) {
    if (CPU_ISSET(core, &before)) CPU_SET(core, &one);
  }
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  CHECK(core_limits().mask == 1);
  REQUIRE(sched_setaffinity(0, sizeof before, &before) == 0);

  const RootFolder root;
  root.write("sys/devices/system/cpu/online", "0-3,8,10-11\n");
  CHECK(core_limits(root.path()).machine == 7);
}
