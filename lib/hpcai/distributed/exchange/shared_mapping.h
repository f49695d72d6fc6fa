#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace hpcai::distributed {

// Memory that processes of one host share, filled with zeros. It has no name in the file system: it needs no room in /dev/shm,
// and the kernel frees it with the last process that maps it, however the processes end.
class SharedMapping {
 public:
  // One process calls make() and sends invitation() to the others, which call join(). Both return null if the host does not allow
  // it: too little memory, a limit on file sizes (ulimit -f), or a /proc that is not mounted or not shared, as between
  // containers.
  static std::unique_ptr<SharedMapping> make(size_t bytes);
  static std::unique_ptr<SharedMapping> join(const std::string& invitation, size_t bytes);
  ~SharedMapping();
  SharedMapping(const SharedMapping&) = delete;
  SharedMapping& operator=(const SharedMapping&) = delete;

  const std::string& invitation() const { return invitation_; }
  // Closes the descriptor that join() opens. The maker calls it when all processes have joined.
  void close_invitation();

  std::byte* data() const;  // [bytes], aligned to 64 bytes
  // Takes pages from the kernel for a part of data(), in the memory nearest to the calling thread. Returns false if there are too
  // few; a process that writes to such a page would be killed.
  bool populate(size_t begin, size_t bytes) const;

 private:
  explicit SharedMapping(size_t bytes) : bytes_(bytes) {}
  size_t size() const;
  bool map(int file);

  size_t bytes_;
  std::byte* memory_ = nullptr;
  int file_ = -1;
  std::string invitation_;
};

}  // namespace hpcai::distributed
