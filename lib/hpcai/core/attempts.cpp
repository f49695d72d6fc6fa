#include "hpcai/core/attempts.h"

#include <cerrno>
#include <chrono>
#include <initializer_list>
#include <thread>

namespace hpcai {

using namespace std::chrono_literals;

bool may_pass(int error) {
  switch (error) {
    case EAGAIN:
    case EBUSY:
    case EDQUOT:
    case EINTR:
    case EIO:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case ENOSPC:
    case EREMOTEIO:
    case ESTALE:
    case ETIMEDOUT: return true;
    default: return false;
  }
}

int attempt(const std::function<int()>& attempt) {
  int error = attempt();
  for (const auto pause : {20ms, 150ms, 600ms}) {
    if (!may_pass(error)) break;
    std::this_thread::sleep_for(pause);
    error = attempt();
  }
  return error;
}

}  // namespace hpcai
