#include "hpcai/core/system_call_filter.h"

#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace hpcai {
namespace {

#ifdef __x86_64__
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
constexpr uint32_t kFirstForeignCall = 0x40000000;  // of the x32 interface, which shares the architecture's number
#else
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
constexpr uint32_t kFirstForeignCall = UINT32_MAX;
#endif

constexpr uint32_t kWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY);

// The calls that are allowed with any arguments.
constexpr long kCalls[] = {
    // files
    SYS_read, SYS_pread64, SYS_readv, SYS_preadv, SYS_lseek, SYS_close, SYS_flock, SYS_fadvise64, SYS_fstat, SYS_newfstatat,
    SYS_statx, SYS_faccessat, SYS_readlinkat, SYS_getcwd, SYS_getdents64, SYS_fstatfs, SYS_statfs,
#ifdef SYS_stat
    SYS_stat, SYS_lstat, SYS_access, SYS_readlink,
#endif
#ifdef SYS_faccessat2
    SYS_faccessat2,
#endif
    // memory and locks
    SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_futex, SYS_sched_yield,
    // the process itself, time and signals
    SYS_getpid, SYS_getppid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_uname, SYS_sysinfo, SYS_getrusage,
    SYS_sched_getaffinity, SYS_getcpu, SYS_getrandom, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_nanosleep,
    SYS_clock_nanosleep, SYS_restart_syscall, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack,
    // its end
    SYS_exit, SYS_exit_group};

// A program of the kernel's packet filter, which decides on each system call.
class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    add(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
    add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
    add(BPF_JMP | BPF_JGE | BPF_K, kFirstForeignCall, 0, 1);
    add(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  }

  void allow(long call) { rule(call, {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}}); }
  struct Bits {
    int argument;
    uint32_t bits;
  };
  // Allows `call` if its arguments have none of these bits.
  void allow_without(long call, std::initializer_list<Bits> refused) {
    std::vector<sock_filter> body;
    for (const Bits& part : refused) {
      body.push_back(argument_of(part.argument));
      body.push_back({BPF_JMP | BPF_JSET | BPF_K, 0, 1, part.bits});
      body.push_back({BPF_RET | BPF_K, 0, 0, kRefuse});
    }
    body.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
    rule(call, body);
  }
  // Allows `call` if its argument has one of these values.
  void allow_with(long call, int argument, std::initializer_list<uint32_t> values) {
    std::vector<sock_filter> body{argument_of(argument)};
    for (uint32_t value : values) {
      body.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value});
      body.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW});
    }
    body.push_back({BPF_RET | BPF_K, 0, 0, kRefuse});
    rule(call, body);
  }

  bool install() {
    add(BPF_RET | BPF_K, kRefuse);
    const sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
  }

 private:
  static constexpr uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;

  // The lower half of an argument; the flags and descriptors that are looked at are no longer than that.
  static sock_filter argument_of(int argument) {
    const auto offset = static_cast<uint32_t>(offsetof(seccomp_data, args) + sizeof(uint64_t) * static_cast<size_t>(argument));
    return {BPF_LD | BPF_W | BPF_ABS, 0, 0, offset};
  }
  void add(int operation, uint32_t value, uint8_t if_true = 0, uint8_t if_false = 0) {
    code_.push_back({static_cast<uint16_t>(operation), if_true, if_false, value});
  }
  void load(size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)); }
  // `body` always returns, so the number of the call stays loaded for the rules that follow.
  void rule(long call, const std::vector<sock_filter>& body) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, static_cast<uint8_t>(body.size()));
    code_.insert(code_.end(), body.begin(), body.end());
  }

  std::vector<sock_filter> code_;
};

}  // namespace

bool allow_only_reading(int answer) {
  Filter filter;
  for (long call : kCalls) filter.allow(call);
#ifdef SYS_open
  filter.allow_without(SYS_open, {{1, kWriting}});
#endif
  filter.allow_without(SYS_openat, {{2, kWriting}});
  // Shared memory could write to a file that this process has open.
  filter.allow_without(SYS_mmap, {{3, MAP_SHARED}, {2, PROT_EXEC}});
  filter.allow_without(SYS_mprotect, {{2, PROT_EXEC}});
  filter.allow_with(SYS_write, 0, {static_cast<uint32_t>(answer)});
  filter.allow_with(SYS_fcntl, 1, {F_GETFD, F_SETFD, F_GETFL, F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK});
  filter.allow_with(SYS_tgkill, 0, {static_cast<uint32_t>(getpid())});  // abort() signals its own process
  return filter.install();
}

}  // namespace hpcai
#else
namespace hpcai {
bool allow_only_reading(int) { return false; }
}  // namespace hpcai
#endif
