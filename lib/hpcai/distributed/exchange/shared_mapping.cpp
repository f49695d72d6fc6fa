#include "hpcai/distributed/exchange/shared_mapping.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace hpcai::distributed {
namespace {

constexpr size_t kTokenBytes = 64;  // the token at the beginning, with what aligns data()

// A file beyond the limit would cost the process a signal.
bool may_make_file_of(size_t bytes) {
  rlimit limit{};
  return getrlimit(RLIMIT_FSIZE, &limit) == 0 && (limit.rlim_cur == RLIM_INFINITY || bytes <= limit.rlim_cur);
}

}  // namespace

size_t SharedMapping::size() const { return kTokenBytes + bytes_; }

std::byte* SharedMapping::data() const { return memory_ + kTokenBytes; }

bool SharedMapping::map(int file) {
  void* const memory = mmap(nullptr, size(), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) return false;
  madvise(memory, size(), MADV_DONTFORK);  // a child that looks into a hostile file must not reach the other ranks
  madvise(memory, size(), MADV_HUGEPAGE);
  memory_ = static_cast<std::byte*>(memory);
  return true;
}

std::unique_ptr<SharedMapping> SharedMapping::make(size_t bytes) {
  std::unique_ptr<SharedMapping> made(new SharedMapping(bytes));
  uint64_t token = 0;
  if (!may_make_file_of(made->size())) return nullptr;
  made->file_ = memfd_create("hpcai-train", MFD_CLOEXEC);
  const bool sized = made->file_ >= 0 && ftruncate(made->file_, static_cast<off_t>(made->size())) == 0;
  if (!sized || getrandom(&token, sizeof token, 0) != sizeof token || !made->map(made->file_)) return nullptr;
  std::memcpy(made->memory_, &token, sizeof token);
  made->invitation_ = fmt::format("{} {} {}", getpid(), made->file_, token);
  return made;
}

std::unique_ptr<SharedMapping> SharedMapping::join(const std::string& invitation, size_t bytes) {
  int process = 0, number = 0;
  unsigned long token = 0;
  if (std::sscanf(invitation.c_str(), "%d %d %lu", &process, &number, &token) != 3) return nullptr;
  const int file = open(fmt::format("/proc/{}/fd/{}", process, number).c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return nullptr;
  std::unique_ptr<SharedMapping> joined(new SharedMapping(bytes));
  // In another container the process number may belong to another process and the descriptor to another file.
  const bool right = lseek(file, 0, SEEK_END) == static_cast<off_t>(joined->size()) && joined->map(file);
  close(file);
  if (!right || std::memcmp(joined->memory_, &token, sizeof token) != 0) return nullptr;
  return joined;
}

SharedMapping::~SharedMapping() {
  close_invitation();
  if (memory_) munmap(memory_, size());
}

void SharedMapping::close_invitation() {
  if (file_ >= 0) close(file_);
  file_ = -1;
}

bool SharedMapping::populate([[maybe_unused]] size_t begin, [[maybe_unused]] size_t bytes) const {
#ifdef MADV_POPULATE_WRITE
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t first = (kTokenBytes + begin) / page * page;
  if (madvise(memory_ + first, kTokenBytes + begin + bytes - first, MADV_POPULATE_WRITE) != 0) {
    return errno == EINVAL;  // a kernel before 5.14 does not know the call
  }
#endif
  return true;
}

}  // namespace hpcai::distributed
