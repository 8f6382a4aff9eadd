#include "ferrule/app/cores.hpp"

#include <gtest/gtest.h>

#include <sched.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "app/affinity.hpp"

namespace ferrule {
namespace {

namespace fs = std::filesystem;

// A made-up /proc and /sys.
class cores : public testing::Test {
 protected:
  void SetUp() override {
    root_ = (fs::path(testing::TempDir()) / "ferrule_cores_XXXXXX").string();
    ASSERT_NE(::mkdtemp(root_.data()), nullptr);
    cpu_set_t set;
    ::sched_getaffinity(0, sizeof set, &set);
    affinity_ = static_cast<unsigned>(CPU_COUNT(&set));
  }
  void TearDown() override { fs::remove_all(root_); }
  void write(const std::string& path, const std::string& text) const {
    const fs::path file = root_ + path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  std::string root_;
  unsigned affinity_ = 0;
};

TEST_F(cores, without_a_quota_are_those_of_the_affinity_mask) {
  EXPECT_EQ(usable_cores(root_), affinity_);
  write("/proc/self/cgroup", "0::/a\n");
  write("/sys/fs/cgroup/a/cpu.max", "max 100000\n");
  EXPECT_EQ(usable_cores(root_), affinity_);
}

TEST_F(cores, of_a_tenth_of_a_core_are_one) {
  write("/proc/self/cgroup", "0::/kubepods/pod1\n");
  write("/sys/fs/cgroup/kubepods/pod1/cpu.max", "10000 100000\n");
  EXPECT_EQ(usable_cores(root_), 1U);
}

TEST_F(cores, are_rounded_down) {
  if (affinity_ < 2) GTEST_SKIP() << "needs two cores";
  write("/proc/self/cgroup", "0::/a\n");
  write("/sys/fs/cgroup/a/cpu.max", "199000 100000\n");
  EXPECT_EQ(usable_cores(root_), 1U);
  write("/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
  EXPECT_EQ(usable_cores(root_), 2U);
}

TEST_F(cores, follow_the_tightest_group_above) {
  write("/proc/self/cgroup", "0::/a/b\n");
  write("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  write("/sys/fs/cgroup/a/cpu.max", "100000 100000\n");
  EXPECT_EQ(usable_cores(root_), 1U);
}

TEST_F(cores, know_version_1_also_inside_a_container) {
  write("/proc/self/cgroup", "4:memory:/docker/x\n3:cpuacct,cpu:/docker/x\n");
  write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
  write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(usable_cores(root_), 1U);
  write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(usable_cores(root_), affinity_);
}

// A kernel for 4,096 processors, of which 1,500 may be used.
TEST_F(cores, may_be_more_than_a_cpu_set_has_room_for) {
  const auto large = [](pid_t, std::size_t bytes, cpu_set_t* set) {
    if (bytes * 8 < 4096) return errno = EINVAL, -1;
    CPU_ZERO_S(bytes, set);
    for (std::size_t i = 1000; i != 2500; ++i) CPU_SET_S(i, bytes, set);
    return 0;
  };
  EXPECT_EQ(affinity_cores(large), 1500U);
  EXPECT_EQ(affinity_cores(::sched_getaffinity), affinity_);
  const auto denied = [](pid_t, std::size_t, cpu_set_t*) { return errno = EPERM, -1; };
  EXPECT_EQ(affinity_cores(denied), 1U);
  const auto never_enough = [](pid_t, std::size_t, cpu_set_t*) { return errno = EINVAL, -1; };
  EXPECT_EQ(affinity_cores(never_enough), 1U);
}

TEST_F(cores, survive_nonsense) {
  write("/proc/self/cgroup", "::::\n0\n0::/a\n");
  write("/sys/fs/cgroup/a/cpu.max", "a lot");
  EXPECT_EQ(usable_cores(root_), affinity_);
}

}  // namespace
}  // namespace ferrule
