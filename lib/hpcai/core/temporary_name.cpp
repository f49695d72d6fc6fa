#include "hpcai/core/temporary_name.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <csignal>
#include <cstring>
#include <initializer_list>
#include <mutex>

namespace hpcai {
namespace {

// The handler may use neither locks nor the heap, so the names stand in an array. Names beyond it are removed by their objects
// alone.
struct NameSlot {
  std::atomic<bool> used{false};
  char path[PATH_MAX] = "";
};
constexpr size_t kNameSlots = 16;
std::array<NameSlot, kNameSlots> name_slots;
std::atomic<pid_t> names_owner{0};
size_t names_in_use = 0;

constexpr std::initializer_list<int> kEndingSignals = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU};

std::mutex& names_mutex() {
  static auto* mutex = new std::mutex;  // never destroyed: a file may be written while the program ends
  return *mutex;
}

// The signal has its default effect when this returns. A forked child leaves the files to its parent.
extern "C" void remove_names_and_end(int signal) {
  if (names_owner.load() == getpid()) {
    for (const NameSlot& slot : name_slots) {
      if (slot.used.load()) unlink(slot.path);
    }
  }
  std::signal(signal, SIG_DFL);
  raise(signal);
}

void replace_handler(void (*from)(int), void (*to)(int)) {
  for (const int signal : kEndingSignals) {
    struct sigaction action {};
    if (sigaction(signal, nullptr, &action) != 0 || (action.sa_flags & SA_SIGINFO) != 0 || action.sa_handler != from) continue;
    action = {};
    action.sa_handler = to;
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace

TemporaryName::TemporaryName(std::filesystem::path path) : path_(std::move(path)), slot_(kNameSlots) {
  const std::lock_guard lock(names_mutex());
  if (names_in_use++ == 0) replace_handler(SIG_DFL, remove_names_and_end);
  names_owner = getpid();
  if (path_.native().size() >= PATH_MAX) return;
  for (slot_ = 0; slot_ < kNameSlots && name_slots[slot_].used; ++slot_) {
  }
  if (slot_ == kNameSlots) return;
  std::strcpy(name_slots[slot_].path, path_.c_str());
  name_slots[slot_].used = true;
}

TemporaryName::~TemporaryName() {
  unlink(path_.c_str());
  const std::lock_guard lock(names_mutex());
  if (slot_ < kNameSlots) name_slots[slot_].used = false;
  if (--names_in_use == 0) replace_handler(remove_names_and_end, SIG_DFL);
}

}  // namespace hpcai
