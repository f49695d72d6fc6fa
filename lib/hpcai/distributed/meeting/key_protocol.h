#pragma once

#include <cstdint>

#include "hpcai/distributed/meeting/wire.h"
#include "hpcai/distributed/watch/status.h"

// What ranks and rank 0's key server say to each other once they have greeted: the first number of every message.
namespace hpcai::distributed {

// Requests about keys; each has one answer.
enum class Request : int64_t {
  set,          // key, value -> nothing
  add,          // key, number -> the sum
  wait,         // milliseconds, count, keys -> 1 and the values when all are there, 0 when the time is over
  check,        // count, keys -> whether all are there
  compare_set,  // key, expected, desired -> the value afterwards
  erase,        // key -> whether it was there
  count,        // -> number of keys
  beat,         // a sign of life: rank, status, whether an exchange has failed -> Reply
  farewell,     // rank, whether it ends with an error -> Reply::end
};

// Answers to signs of life, some of them unasked.
enum class Reply : int64_t {
  alive,       // and the status of rank 0
  end_reason,  // exit code, text, remedy: the run ends on all ranks
  end,         // whether with an error: rank 0 leaves
};

inline void pack_status(Packer& packer, const Status::Snapshot& status) {
  packer.number(static_cast<int64_t>(status.phase)).number(status.step).number(static_cast<int64_t>(status.exchanges));
  packer.number(static_cast<int64_t>(status.progress)).number(status.warm);
}

inline Status::Snapshot unpack_status(Unpacker& fields) {
  Status::Snapshot status;
  status.phase = static_cast<Phase>(fields.number());
  status.step = fields.number();
  status.exchanges = static_cast<uint64_t>(fields.number());
  status.progress = static_cast<uint64_t>(fields.number());
  status.warm = fields.number() != 0;
  return status;
}

}  // namespace hpcai::distributed
